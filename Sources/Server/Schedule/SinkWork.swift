import Bytes
import Language
import Model
import Query
import Store

/// Hands the rows of a publication over to a sink's target, until it has them all.
struct SinkWork: Sendable {
  let store: Store
  let outputs: Outputs
  let limits: QueryLimits

  /// Of rows that are handed over in one go.
  private static let maxRows = 10_000
  private static let maxBytes = 4 << 20

  /// They name no now.
  static func options(_ limits: QueryLimits) -> QueryOptions {
    var options = QueryOptions(nowNs: 0)
    options.limits = limits
    return options
  }

  static func deliveryId(_ publication: Publication) -> String { "sink \(publication.id)" }

  /// The delivery of a publication that was begun. It is tried until it is taken: what came later waits for it.
  func delivery(of publication: Publication, _ sink: SinkInfo) -> Delivery {
    Delivery(
      id: Self.deliveryId(publication), owner: sink.owner,
      isRemote: sink.definition.target.isRemote
    ) { attempts, isCancelled in
      var noted = publication
      do {
        try handOver(publication, sink, isCancelled)
      } catch let error as CancellationError {
        throw error
      } catch {
        (noted.state, noted.failure) = (.refused, "\(error)")
        // It may be tried for days, and is noted once.
        if try store.sinkStates()[noted.key]?.failure == nil { try store.record(noted) }
        return .failed("\(error)")
      }
      (noted.state, noted.attempts) = (.done, attempts + 1)
      try store.record(noted)
      return .ended
    }
  }

  private func handOver(
    _ publication: Publication, _ sink: SinkInfo, _ isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    let target: Target
    do throws(LanguageError.Issue) { target = try Target(sink.definition.target) } catch {
      throw OutputRefusal(error.message)
    }
    var options = Self.options(limits)
    options.isCancelled = isCancelled
    var topic: TopicOutput?
    if case .kafka(let options) = target { topic = try TopicOutput(options) }
    var (part, number, bytes) = (0, 0, 0)
    var rows: [SinkRow] = []
    func flush() throws {
      if rows.isEmpty { return }
      if let topic {
        try topic.send(rows, of: publication, sink, isCancelled)
      } else {
        try send(rows.map(\.document), part, of: publication, sink, to: target, isCancelled)
      }
      (part, bytes, rows) = (part + 1, 0, [])
    }
    try QueryEngine(store).changes(
      ofKpi: sink.definition.kpi.text, after: publication.afterSeq, asOf: publication.throughSeq,
      options
    ) { changed in
      for row in LiveRow.all(of: changed) where row.kind != .changed {
        let row = SinkRow(row, number, changed, publication, sink)
        if rows.count == Self.maxRows || bytes + row.document.count > Self.maxBytes { try flush() }
        rows.append(row)
        (number, bytes) = (number + 1, bytes + row.document.count)
      }
    }
    try flush()
    guard number == publication.rows else {
      throw OutputFailure(
        "there are \(number) rows between events \(publication.afterSeq) and \(publication.throughSeq), "
          + "and \(publication.rows) were to be handed over")
    }
  }

  private func send(
    _ documents: [[UInt8]], _ part: Int, of publication: Publication, _ sink: SinkInfo,
    to target: Target, _ isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    switch target {
    case .stream(let name):
      try outputs.append(
        documents,
        to: StreamDefinition(
          name: name, timePath: SinkOutput.timeField, idPath: SinkOutput.idField),
        source: "sink \(sink.name)")
    case .webhook(let options):
      let id = "\(publication.id)/part/\(part)"
      let body = jsonObject { json in
        json.field("id", id)
        json.field("sink", sink.name)
        json.field("version", Int64(sink.version))
        json.field("kpi", sink.definition.kpi.text)
        json.field("as_of_seq", publication.throughSeq)
        json.field("rows", array: documents)
      }
      try outputs.webhooks.send(body, id: id, to: options, isCancelled: isCancelled)
    case .file, .kafka: throw OutputRefusal("a sink feeds no \(sink.definition.target.kind)")
    }
  }
}

/// A row as targets get it: the same bytes each time.
struct SinkRow {
  var id: String
  var kind: ChangedRows.Kind
  /// The KPI and the group, as a JSON object. What is told of a group later has the same.
  var key: [UInt8]
  var document: [UInt8]

  init(
    _ row: LiveRow, _ number: Int, _ changed: ChangedRows, _ publication: Publication,
    _ sink: SinkInfo
  ) {
    let id = "\(publication.id)/\(number)"
    (self.id, kind) = (id, row.kind)
    let kpi = sink.definition.kpi.text
    let columns = changed.answer.columns
    let groups = columns.dropFirst(columns.first?.kind == .time ? 1 : 0).map(\.name)
    key = jsonObject { json in
      json.field("kpi", kpi)
      for (name, label) in zip(groups, row.key.group) {
        json.field(name, optional: label?.description)
      }
    }
    document = jsonObject { json in
      json.field(SinkOutput.idField, id)
      json.field(SinkOutput.timeField, timeNs: row.key.timeNs)
      json.field("kind", row.kind.rawValue)
      json.field("kpi", kpi)
      if let version = changed.version { json.field("kpi_version", Int64(version)) }
      json.field("as_of_seq", publication.throughSeq)
    }
    document[document.count - 1] = UInt8(ascii: ",")
    document += row.json.dropFirst()
  }
}
