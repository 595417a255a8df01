import EventLog
import Language
import Projections
import Query

/// What was defined and changed, as statements.
extension Store {
  /// All changes of the catalogue, oldest first, those of streams and KPIs that are dropped among them. Where no
  /// statement was recorded it is made from the definition. O(catalogue). Throws `DamageError`.
  public func history() throws -> [CatalogueChange] {
    var changes: [CatalogueChange] = []
    try forEachEvent(of: StreamDefinition.catalogue.name) { event in
      if let change = try CatalogueChange(event) { changes.append(change) }
      return true
    }
    return changes
  }
}

extension CatalogueChange {
  /// Nil for what changes no definition.
  init?(_ event: LogEvent) throws {
    let document = CatalogueDocument(seq: event.seq, event.bytes)
    guard let change = document["change"], let name = document["name"]
    else { return nil }
    let words = change.uppercased().split(separator: "_").joined(separator: " ")
    self.init(
      seq: event.seq, timeNs: event.receivedNs, actor: event.actor, change: words, name: name,
      version: document["version"].flatMap { Int($0) }, statement: "")
    statement = try statement(document)
  }

  private func statement(_ document: CatalogueDocument) throws -> String {
    if let text = document["statement"] { return text }
    if let kpi = try KpiDefinition(document) {
      return kpi.statement(change.hasPrefix("RE") ? "REDEFINE" : "DEFINE")
    }
    if let stream = StreamDefinition(document) {
      let defined = DefineStream(stream)
      // What a stream is from then on is said as a whole.
      return change == "ALTER STREAM"
        ? Statement(.alterStream(AlterStream(DefineStream(stream, leavesOutDefaults: false))))
          .canonicalText
        : Statement(.defineStream(defined)).canonicalText
    }
    let text = "\(change) \(Name(name).canonicalText)"
    if change == "SWITCH KPI" { return text + " TO VERSION \(version ?? 0)" }
    let bounds = ["since", "until"].compactMap { bound in
      document[bound].map { " \(bound.uppercased()) '\($0)'" }
    }
    return text + bounds.joined()
  }
}

extension DefineStream {
  /// The statement that says what a definition does; what it has by default is left out, unless it is to be said.
  init(_ stream: StreamDefinition, leavesOutDefaults: Bool = true) {
    let usual = StreamDefinition(name: stream.name, timePath: stream.timePath)
    let within =
      leavesOutDefaults && stream.dedupWindowNs == usual.dedupWindowNs
      ? nil : TimeLength(ns: stream.dedupWindowNs)
    self.init(
      Name(stream.name), time: FieldPath(stream.timePath),
      key: stream.keyPath.map { FieldPath($0) },
      dedupBy: stream.idPaths.isEmpty
        ? nil : DedupBy(stream.idPaths.map { FieldPath($0) }, within: within),
      explode: stream.explodePath.map { FieldPath($0) },
      elementTime: stream.elementTimeInElement.map { FieldPath($0) },
      lateness: leavesOutDefaults && stream.latenessNs == usual.latenessNs
        ? nil : TimeLength(ns: stream.latenessNs))
    timeForm = TimeForm(
      zone: stream.timeZone.map { Spanned($0) },
      unit: stream.timeUnit.map { Spanned($0.abbreviation) },
      format: stream.timeFormat.map { Spanned($0) })
  }
}

extension AlterStream {
  /// The statement that makes a stream, whatever it was, what `stream` says.
  init(_ stream: DefineStream) {
    var absent: [Part] = []
    if stream.key == nil { absent.append(.key) }
    if stream.dedupBy == nil { absent.append(.dedup) }
    if stream.explode == nil {
      absent.append(.explode)
    } else if stream.elementTime == nil {
      absent.append(.elementTime)
    }
    self.init(
      stream.name, time: stream.time, key: stream.key, dedupBy: stream.dedupBy,
      explode: stream.explode, elementTime: stream.elementTime, lateness: stream.lateness,
      absent: absent)
    timeForm = stream.timeForm
  }
}

extension StreamDefinition {
  /// The time of an element, from the element on.
  fileprivate var elementTimeInElement: String? {
    guard let explodePath, let elementTimePath else { return nil }
    let start = "\(explodePath)."
    guard elementTimePath.utf8.starts(with: start.utf8) else { return nil }
    return String(decoding: elementTimePath.utf8.dropFirst(start.utf8.count), as: UTF8.self)
  }
}
