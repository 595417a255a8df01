import Bytes
import Language
import Logging
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
  func delivery(of publication: Publication, _ sink: SinkInfo, _ logger: Logger) -> Delivery {
    Delivery(
      id: Self.deliveryId(publication), owner: sink.owner,
      isWebhook: sink.definition.target.kind == "webhook"
    ) { attempts, isCancelled in
      var noted = publication
      do {
        try handOver(publication, sink, isCancelled)
      } catch let error as CancellationError {
        throw error
      } catch {
        (noted.state, noted.failure) = (.refused, "\(error)")
        // It may be tried for days, and is noted once.
        if try store.sinkStates()[noted.key]?.failure == nil, try store.record(noted) {
          logger.warning("sink \(sink.name) is not taken yet: \(error)")
        }
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
    var (part, number, bytes) = (0, 0, 0)
    var documents: [[UInt8]] = []
    func flush() throws {
      if documents.isEmpty { return }
      try send(documents, part, of: publication, sink, to: target, isCancelled)
      (part, bytes, documents) = (part + 1, 0, [])
    }
    try QueryEngine(store).changes(
      ofKpi: sink.definition.kpi.text, after: publication.afterSeq, asOf: publication.throughSeq,
      options
    ) { changed in
      for row in LiveRow.all(of: changed) where row.kind != .changed {
        let document = Self.document(row, number, changed.version, publication, sink)
        if documents.count == Self.maxRows || bytes + document.count > Self.maxBytes { try flush() }
        documents.append(document)
        (number, bytes) = (number + 1, bytes + document.count)
      }
    }
    try flush()
    guard number == publication.rows else {
      throw OutputFailure(
        "there are \(number) rows between events \(publication.afterSeq) and \(publication.throughSeq), "
          + "and \(publication.rows) were to be handed over")
    }
  }

  /// A row as targets get it: the same bytes each time.
  private static func document(
    _ row: LiveRow, _ number: Int, _ version: Int?, _ publication: Publication, _ sink: SinkInfo
  ) -> [UInt8] {
    var document = jsonObject { json in
      json.field(SinkOutput.idField, "\(publication.id)/\(number)")
      json.field(SinkOutput.timeField, timeNs: row.key.timeNs)
      json.field("kind", row.kind.rawValue)
      json.field("kpi", sink.definition.kpi.text)
      if let version { json.field("kpi_version", Int64(version)) }
      json.field("as_of_seq", publication.throughSeq)
    }
    document[document.count - 1] = UInt8(ascii: ",")
    return document + row.json.dropFirst()
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
    case .webhook(let url):
      let id = "\(publication.id)/part/\(part)"
      let body = jsonObject { json in
        json.field("id", id)
        json.field("sink", sink.name)
        json.field("version", Int64(sink.version))
        json.field("kpi", sink.definition.kpi.text)
        json.field("as_of_seq", publication.throughSeq)
        json.field("rows", array: documents)
      }
      try outputs.webhooks.send(body, id: id, to: url, isCancelled: isCancelled)
    case .file: throw OutputRefusal("a sink feeds a stream or a webhook")
    }
  }
}
