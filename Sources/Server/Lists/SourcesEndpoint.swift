import Bytes
import Hummingbird
import Model
import Query
import Store

/// `GET /v1/sources`: who has brought events, how far each has got, and whether it is waited for; and the sources that are
/// defined. These are two lists, of each of which a page has a part.
struct SourcesEndpoint: Sendable {
  let store: Store
  let runner: QueryRunner

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 3)
    let wanted = request.queryParameter("stream")
    if let wanted { try context.require(stream: wanted) }
    let (sources, defined, next) = try await runner.pool.run { [store] in
      let names = try store.snapshot().streams.map(\.name).sorted { Text($0) < Text($1) }
      if let wanted, !names.contains(wanted) {
        throw Problem(
          .notFound, "there is no stream \(wanted); GET /v1/streams lists those that there are")
      }
      var found: [(stream: String, source: Store.SourceStatus)] = []
      for name in names where (wanted ?? name) == name && context.principal.mayAsk(stream: name) {
        if let start = paging.start, Text(name) < Text(start[0]) { continue }
        let after = paging.start.flatMap { $0[0] == name ? $0[1] : nil }
        let left = paging.limit + 1 - found.count
        found += try store.sourceStatuses(ofStream: name, after: after, limit: left)
          .map { (name, $0) }
        if found.count > paging.limit { break }
      }
      let page = found.prefix(paging.limit)
      let defined = try paging.part(
        of: store.definedSources().filter { $0.isShown(to: context.principal, ofStream: wanted) },
        bySeq: \.seq, after: paging.start?[2])
      let hasMore = found.count > page.count || defined.hasMore
      // Where a list has ended, the next page begins after its last entry all the same.
      let before = paging.start.map { Array($0.dropLast()) } ?? ["", ""]
      let place = page.last.map { [$0.stream, $0.source.name] } ?? before
      return (
        page.map { Self.json($0.source, ofStream: $0.stream) }, defined.entries.map(\.json),
        hasMore ? paging.cursor(place + ["\(defined.lastSeq)"]) : nil
      )
    }
    return .json {
      $0.field("sources", array: sources)
      $0.field("defined", array: defined)
      $0.field("next", optional: next)
    }
  }

  private static func json(_ source: Store.SourceStatus, ofStream stream: String) -> [UInt8] {
    jsonObject {
      $0.field("stream", stream)
      $0.field("source", source.name)
      $0.field("is_open", source.isOpen)
      $0.field("events", source.events)
      $0.field("watermark", timeNs: source.watermarkNs)
      $0.field("last_received", timeNs: source.lastReceivedNs)
      if let progress = source.progress {
        $0.field(text: "position", progress.progress.position)
        $0.field("position_noted", timeNs: progress.notedNs)
      }
    }
  }
}

extension DefinedSource {
  /// Whether it is of the stream that is asked about, and whoever asks may know. One that brings events of several streams is
  /// for those who may ask all.
  fileprivate func isShown(to principal: Principal, ofStream wanted: String?) -> Bool {
    guard case .stream(let name) = definition.target else {
      return wanted == nil && principal.streams == nil
    }
    return (wanted ?? name.text) == name.text && principal.mayAsk(stream: name.text)
  }

  fileprivate var json: [UInt8] {
    jsonObject {
      $0.field("name", name)
      $0.field("version", Int64(version))
      $0.field("kind", definition.kind.value)
      $0.field("into", definition.target.canonicalText)
      $0.field("state", stateText)
      $0.field("statement", statement)
      guard let status else { return }
      $0.field("since", timeNs: status.sinceNs)
      $0.field("failure", optional: status.failure)
      $0.field("events", status.events)
      $0.field("rejected", status.rejected)
      $0.field("empty", status.empty)
      $0.field("events_per_second", status.eventsPerSecond)
      if let lag = status.lag { $0.field("lag", lag) }
    }
  }
}
