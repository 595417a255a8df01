import Bytes
import HTTPTypes
import Hummingbird
import Language
import NIOCore
import Query

/// `GET /v1/subscribe`: what changes, as server-sent events of the HTML standard.
struct SubscribeEndpoint: Sendable {
  let hub: LiveHub
  let access: Access
  let runner: QueryRunner

  /// A comment goes out when nothing else did for so long, so that nobody on the way takes the connection for dead.
  private static let silence = Duration.seconds(15)
  /// Whether the client may still ask is looked at so often at most, while there is something to tell.
  fileprivate static let patience = Duration.seconds(1)

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    let followed = try await followed(request, context)
    let groups = try await groups(request, followed)
    let after = try Self.position(request)
    let place = try await hub.join(followed)
    let begin = place.feed.position
    if let after, after > begin.seq { try await requireEvent(after, followed) }
    let follower = Follower(
      place: place, hub: hub, groups: groups, connection: context.connection,
      isAllowed: { [self] in
        guard (try? await access.principal(of: request, context)) == context.principal else {
          return false
        }
        return (try? await require(followed, context)) != nil
      })
    return Response(
      status: .ok,
      headers: [
        .contentType: "text/event-stream", .cacheControl: "no-store",
        // Proxies of nginx's kind hold answers back otherwise.
        .init("X-Accel-Buffering")!: "no",
      ],
      body: ResponseBody { [silence = Self.silence] writer in
        try await follower.follow(
          from: begin, after: after ?? begin.seq, silence: silence
        ) { bytes in
          try await writer.write(ByteBuffer(bytes: bytes))
        }
        try await writer.finish(nil)
      })
  }

  private func followed(_ request: Request, _ context: ServerContext) async throws -> Followed {
    switch (request.queryParameter("kpi"), request.queryParameter("query")) {
    case (let name?, nil):
      let versions = try await runner.pool.run { [store = runner.store] in
        try store.snapshot().kpis.filter { $0.name == name }
      }
      if versions.isEmpty {
        throw Problem(.notFound, "there is no KPI \(name); GET /v1/kpis lists those that there are")
      }
      try await require(.kpi(name), context)
      return .kpi(name)
    case (nil, let text?):
      let followed = Followed.query(text: text, timeZone: request.queryParameter("time_zone"))
      try await require(followed, context)
      return followed
    default:
      throw Problem(.badRequest, "say what to follow: ?kpi=NAME or ?query=SELECT...")
    }
  }

  /// Throws a ``Problem`` unless whoever asks may ask for what is followed, as it is defined now.
  private func require(_ followed: Followed, _ context: ServerContext) async throws {
    let select =
      switch followed {
      case .kpi(let name): Select([.star(.none)], from: Name(name))
      case .query(let text, _): try Followed.select(text)
      }
    try await runner.pool.run { [store = runner.store] in
      try context.require(Statement(.select(select)), store)
    }
  }

  /// The labels that are wanted, by the places of their dimensions: nil of groups that have none, as for rows.
  private func groups(_ request: Request, _ followed: Followed) async throws -> [Int: Set<Text?>] {
    let wanted = request.queryFields.filter { $0.name.hasPrefix("group.") }
    if wanted.isEmpty { return [:] }
    guard case .kpi(let name) = followed else {
      throw Problem(.badRequest, "group. goes with kpi; a query has WHERE")
    }
    let kpi = try await runner.pool.run { [store = runner.store] in
      try store.snapshot().kpis.first { $0.name == name && $0.isActive }
    }
    let names = kpi?.groupBy ?? []
    var groups: [Int: Set<Text?>] = [:]
    for field in wanted {
      let dimension = String(field.name.dropFirst("group.".count))
      guard let place = names.firstIndex(of: Text(dimension)) else {
        throw Problem.unknown("group", dimension, of: names.map(\.string), in: "KPI \(name)")
      }
      groups[place, default: []].insert(field.value.isEmpty ? nil : Text(field.value))
    }
    return groups
  }

  /// The event up to which the client knows all; nil when it begins now.
  private static func position(_ request: Request) throws(Problem) -> UInt64? {
    let text = request.headers[.lastEventID] ?? request.queryParameter("after")
    guard let text, !text.isEmpty else { return nil }
    guard text.allSatisfy(\.isASCII), text.allSatisfy(\.isNumber), let seq = UInt64(text) else {
      throw Problem(
        .badRequest, "\(text) is no event's number: Last-Event-ID and after are whole numbers")
    }
    return seq
  }

  /// An event that is not there yet cannot be known.
  private func requireEvent(_ seq: UInt64, _ followed: Followed) async throws {
    let lastSeq = try await hub.looker.end(of: followed).state.seq
    if seq <= lastSeq { return }
    throw Problem(.badRequest, "the log has events up to \(lastSeq), and not yet \(seq)")
  }
}

/// One client that follows a feed.
private struct Follower: Sendable {
  let place: LivePlace
  let hub: LiveHub
  /// By the places of dimensions, the labels of which a row has to have one.
  let groups: [Int: Set<Text?>]
  let connection: ConnectionState?
  /// Whether the client may still ask.
  let isAllowed: @Sendable () async -> Bool

  private var feed: LiveFeed { place.feed }

  /// Until the client leaves, there is nothing to follow, or the server stops. The client knows the rows as of `after`.
  ///
  /// It is never told a row as of a state before the one that it knows: it would take that for news, and nobody would tell it
  /// better when it is cut off right then.
  func follow(
    from begin: (number: Int, seq: UInt64), after: UInt64, silence: Duration,
    _ write: ([UInt8]) async throws -> Void
  ) async throws {
    var (number, knownSeq) = (begin.number, after)
    try await write(EventText.opening(asOf: knownSeq))
    if after < begin.seq { knownSeq = try await catchUp(since: after, write) }
    var written = ContinuousClock.now
    var judged = written
    while connection?.isGone != true, !Task.isCancelled, !hub.isStopped {
      let news = await feed.news(after: number)
      let isSilent = ContinuousClock.now - written >= silence
      // Before anything is told, so that nobody is told what he may not know any more.
      if news.mayBeOfOthers || isSilent
        || ContinuousClock.now - judged >= SubscribeEndpoint.patience
      {
        guard await isAllowed() else {
          return try await write(
            EventText.end(
              Problem(.unauthorized, "the token is not known any more, or not for what is followed")
            ))
        }
        judged = .now
      }
      switch news {
      case .publications(let publications):
        for publication in publications {
          number = publication.number
          if publication.asOfSeq <= knownSeq { continue }
          knownSeq = max(knownSeq, publication.toldSeq)
          let text = EventText.events(publication, id: knownSeq, wanted)
          if text.isEmpty { continue }
          try await write(text)
          written = .now
        }
      case .missed:
        let last = feed.position.number
        knownSeq = try await catchUp(since: knownSeq, write)
        number = last
      case .nothing: break
      case .ended(let problem):
        if let problem { try await write(EventText.end(problem)) }
        return
      }
      if ContinuousClock.now - written >= silence {
        try await write(EventText.silence(asOf: knownSeq))
        written = .now
      }
    }
  }

  /// Tells what has changed since a state that the feed is beyond; gives the state that is known then.
  private func catchUp(
    since earlier: UInt64, _ write: ([UInt8]) async throws -> Void
  ) async throws -> UInt64 {
    let (rows, end, isReset) = try await hub.looker.look(feed.followed, sinceSeq: earlier)
    let seq = end.state.seq
    let publication = LiveFeed.Publication(
      number: 0, rows: rows, asOfSeq: seq, toldSeq: seq, isReset: isReset)
    let text = EventText.events(publication, id: seq, wanted)
    try await write(text.isEmpty ? EventText.silence(asOf: seq) : text)
    return seq
  }

  private func wanted(_ row: LiveRow) -> Bool {
    groups.allSatisfy { place, labels in labels.contains(row.key.group[place]) }
  }
}

/// Server-sent events. `id` is the seq as of which all was told that came before it.
private enum EventText {
  static func opening(asOf seq: UInt64) -> [UInt8] {
    Array("event: open\ndata: {\"as_of_seq\":\(seq)}\nid: \(seq)\n\n".utf8)
  }

  /// Sets the client's position without an event.
  static func silence(asOf seq: UInt64) -> [UInt8] { Array(":\nid: \(seq)\n\n".utf8) }

  static func end(_ problem: Problem) -> [UInt8] {
    Array("event: end\ndata: ".utf8) + problem.json + Array("\n\n".utf8)
  }

  /// Empty when no row is wanted. The last event has the id: whoever is cut off before it is told all of them again.
  static func events(
    _ publication: LiveFeed.Publication, id: UInt64, _ isWanted: (LiveRow) -> Bool
  ) -> [UInt8] {
    var text: [UInt8] = []
    if publication.isReset { text += Array("event: reset\ndata: {}\n\n".utf8) }
    for row in publication.rows where isWanted(row) {
      text += "event: \(row.kind.rawValue)\ndata: ".utf8
      text += row.json
      text += "\n\n".utf8
    }
    if text.isEmpty { return [] }
    text.removeLast()
    text += "id: \(id)\n\n".utf8
    return text
  }
}

extension LiveFeed.News {
  /// Whether rows may be of another stream than those before: another version may have taken over.
  fileprivate var mayBeOfOthers: Bool {
    switch self {
    case .publications(let publications): publications.contains(where: \.isReset)
    case .missed: true
    case .nothing, .ended: false
    }
  }
}
