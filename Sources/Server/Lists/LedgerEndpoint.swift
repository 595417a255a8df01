import Hummingbird
import Model
import Query
import Store

/// `GET /v1/ledger`: what was late, came twice, was rejected, or is ahead, in the order in which it came.
struct LedgerEndpoint: Sendable {
  let store: Store
  let runner: QueryRunner

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 2)
    let kind = try Self.kind(request)
    let stream = request.queryParameter("stream")
    if let stream { try context.require(stream: stream) }
    let since = try request.timeParameter("since") ?? .min
    let until = try request.timeParameter("until") ?? .max
    let start = try Self.start(paging)
    let connection = context.connection
    let (entries, next) = try await runner.pool.run { [store] in
      var entries: [[UInt8]] = []
      var next: LedgerPlace?
      let sources = try store.definedSources()
      try Cancellation.with({ connection?.isGone == true }) {
        try store.forEachLedgerEntry(kind: kind, stream: stream, from: start) { entry, place in
          guard entry.receivedNs >= since, entry.receivedNs < until,
            context.principal.mayAsk(stream: entry.stream)
          else { return true }
          if entries.count == paging.limit {
            next = place
            return false
          }
          var told = entry
          let isOfSource = sources.contains { $0.brings(entry.source) }
          told.reason = entry.reason.map { HTTPWords.told($0, bySource: isOfSource) }
          entries.append(told.json)
          return true
        }
      }
      // A stream that could not be made has entries all the same.
      if let stream, entries.isEmpty { try Self.requireStream(stream, store.snapshot()) }
      return (entries, next)
    }
    return .json {
      $0.field("entries", array: entries)
      $0.field("next", optional: next.map { paging.cursor(["\($0.page)", "\($0.index)"]) })
    }
  }

  private static func requireStream(
    _ name: String, _ snapshot: CatalogueSnapshot
  ) throws(Problem) {
    if (snapshot.streams + snapshot.system).contains(where: { $0.name == name }) { return }
    throw Problem(
      .notFound, "there is no stream \(name); GET /v1/streams lists those that there are")
  }

  private static func kind(_ request: Request) throws(Problem) -> LedgerEntry.Kind? {
    guard let name = request.queryParameter("kind") else { return nil }
    guard let kind = LedgerEntry.Kind(rawValue: name) else {
      let names = LedgerEntry.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw Problem(.badRequest, "the ledger has no kind \(name); there are \(names)")
    }
    return kind
  }

  private static func start(_ paging: Paging) throws(Problem) -> LedgerPlace {
    guard let fields = paging.start else { return .first }
    guard let page = UInt64(fields[0]), page > 0, let index = Int(fields[1]), index >= 0 else {
      throw Paging.damaged
    }
    return LedgerPlace(page: page, index: index)
  }
}
