import Bytes
import Model

extension StreamDefinition {
  /// The definition as the document that the catalogue keeps of it.
  ///
  /// That facts are read anew is told by a mark: the document cannot have its own number.
  func document(
    change: String = "define_stream", readsAnew: Bool = false, receivedNs: Int64
  ) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: receivedNs).description)
    json.field("change", change)
    json.field("id", Int64(id))
    json.field("name", name)
    json.field("version", Int64(version))
    json.field("time", timePath)
    if let timeZone { json.field("time_zone", timeZone) }
    if let timeUnit { json.field("time_unit", timeUnit.abbreviation) }
    if let timeFormat { json.field("time_format", timeFormat) }
    if let keyPath { json.field("key", keyPath) }
    for (index, path) in idPaths.enumerated() { json.field(Self.idField(index), path) }
    if let explodePath { json.field("explode", explodePath) }
    if let elementTimePath { json.field("element_time", elementTimePath) }
    if !undetected.isEmpty {
      json.field("undetected", undetected.map(\.rawValue).sorted().joined(separator: ","))
    }
    json.field("dedup_window_ns", dedupWindowNs)
    json.field("lateness_ns", latenessNs)
    if readsAnew {
      json.field("facts", "read_anew")
    } else if let factsSinceSeq {
      json.field("facts_since_seq", String(factsSinceSeq))
    }
    json.field("hash_key", String(hashKey, radix: 16))
    return json.finish()
  }

  /// The catalogue's documents are flat: `dedup`, then `dedup_2` and so on.
  private static func idField(_ index: Int) -> String {
    index == 0 ? "dedup" : "dedup_\(index + 1)"
  }

  /// Reads back what `document` wrote. Nil when it is something else.
  package init?(_ texts: CatalogueDocument) {
    guard ["define_stream", "alter_stream"].contains(texts["change"]),
      let id = texts["id"].flatMap({ UInt32($0) }),
      let name = texts["name"], let time = texts["time"],
      let window = texts["dedup_window_ns"].flatMap({ Int64($0) }),
      let lateness = texts["lateness_ns"].flatMap({ Int64($0) }),
      let version = texts["version"].flatMap({ Int($0) }),
      let hashKey = texts["hash_key"].flatMap({ UInt64($0, radix: 16) })
    else { return nil }
    self.init(
      name: name, timePath: time, keyPath: texts["key"], explodePath: texts["explode"],
      elementTimePath: texts["element_time"])
    idPaths = (0..<StreamDefinition.maxIdPaths).compactMap { texts[Self.idField($0)] }
    let roles = (texts["undetected"] ?? "").split(separator: ",")
    undetected = Set(roles.compactMap { Role(rawValue: String($0)) })
    timeZone = texts["time_zone"]
    timeUnit = texts["time_unit"].flatMap { TimeFormat.EpochUnit(abbreviation: $0) }
    timeFormat = texts["time_format"]
    self.id = id
    self.version = version
    dedupWindowNs = window
    latenessNs = lateness
    factsSinceSeq =
      texts["facts"] == nil ? texts["facts_since_seq"].flatMap { UInt64($0) } : texts.seq
    self.hashKey = hashKey
  }
}
