import Bytes
import Curl

/// What `nilo stat --url` prints: what a server's lists have of streams, their sources and KPIs.
struct RemoteStatReport {
  private let url: String
  private let lastSeq: UInt64
  private let streams: [JSONValue]
  private let kpis: [JSONValue]
  private let sources: [JSONValue]

  init(_ server: RemoteServer) throws {
    let session = HTTPSession()
    func list(_ name: String) throws -> (entries: [JSONValue], seq: UInt64) {
      var entries: [JSONValue] = []
      let seq = try server.forEach(of: name, at: "/v1/\(name)", session) {
        entries.append($0)
        return true
      }
      return (entries, seq)
    }
    url = server.url
    (streams, lastSeq) = try list("streams")
    kpis = try list("kpis").entries
    sources = try list("sources").entries
  }

  private var events: UInt64 { streams.reduce(0) { $0 + ($1["events"]?.unsigned ?? 0) } }

  var text: String {
    var parts = [
      Wording.table([
        ("server", url), ("streams", Wording.count(streams.count)),
        ("events", Wording.count(events)), ("last seq", Wording.count(lastSeq)),
      ])
    ]
    parts += streams.map(text)
    if !kpis.isEmpty { parts.append("KPIs\n" + Wording.table(kpis.map(Self.row), indent: 2)) }
    return parts.joined(separator: "\n\n")
  }

  private func text(_ stream: JSONValue) -> String {
    let name = stream["name"]?.string ?? ""
    var rows = ["events", "facts", "duplicates", "rejected", "late"].map {
      ($0, Wording.count(stream[$0]?.unsigned ?? 0))
    }
    for (label, field) in [("first time", "first_time"), ("last time", "last_time")] {
      if let time = stream[field]?.string { rows.append((label, time)) }
    }
    rows.append(("watermark", stream["watermark"]?.string ?? "none"))
    var lines = ["stream \(name)", Wording.table(rows, indent: 2)]
    let fields = stream["fields"]?.array ?? []
    if !fields.isEmpty {
      lines.append("  fields")
      let rows = fields.map { (Self.printable($0, "path"), $0["kind"]?.string ?? "") }
      lines.append(Wording.table(rows, indent: 4))
    }
    let own = sources.filter { $0["stream"]?.string == name }
    if !own.isEmpty {
      lines.append("  sources")
      lines.append(Wording.table(own.map(Self.rowOfSource), indent: 4))
    }
    return lines.joined(separator: "\n")
  }

  private static func row(_ kpi: JSONValue) -> (String, String) {
    let version = kpi["version"]?.integer ?? 1
    let progress = kpi["progress"]?.double ?? 1
    let filled = progress < 1 ? ", \(Wording.decimal(progress * 100)) % computed" : ""
    return (
      printable(kpi, "name"), "version \(version), of \(printable(kpi, "stream"))\(filled)"
    )
  }

  private static func rowOfSource(_ source: JSONValue) -> (String, String) {
    let events = Wording.count(source["events"]?.unsigned ?? 0)
    let state = source["is_open"]?.bool == true ? "open" : "closed"
    let watermark = source["watermark"]?.string.map { ", to \($0)" } ?? ""
    return (printable(source, "source"), "\(events) events, \(state)\(watermark)")
  }

  private static func printable(_ entry: JSONValue, _ name: String) -> String {
    Wording.printable((entry[name]?.string ?? "").utf8, maxCharacters: 200)
  }

  var json: [UInt8] {
    jsonObject { json in
      json.field("url", url)
      json.field("events", events)
      json.field("last_seq", lastSeq)
      json.field("streams", array: streams.map(\.bytes))
      json.field("kpis", array: kpis.map(\.bytes))
      json.field("sources", array: sources.map(\.bytes))
    }
  }
}
