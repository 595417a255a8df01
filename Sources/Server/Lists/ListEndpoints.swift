import Bytes
import Hummingbird
import Model
import NIOCore
import Query
import Store

/// What there is: streams, KPIs, events.
struct ListEndpoints: Sendable {
  let store: Store
  let runner: QueryRunner
  let shifts: [Shift]

  /// `GET /v1/streams`, by name.
  func streams(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 1)
    let snapshot = try await snapshot()
    let streams = snapshot.streams.filter { context.principal.mayAsk(stream: $0.name) }
      .sorted { Text($0.name) < Text($1.name) }
      .filter { stream in paging.start.map { Text($0[0]) < Text(stream.name) } ?? true }
    let page = streams.prefix(paging.limit)
    return .json { writer in
      writer.field("streams", array: page.map(\.json))
      writer.field("as_of_seq", snapshot.lastSeq)
      let last = streams.count > page.count ? page.last : nil
      writer.field("next", optional: last.map { paging.cursor([$0.name]) })
    }
  }

  /// `GET /v1/streams/{stream}`
  func stream(_ request: Request, _ context: ServerContext) async throws -> Response {
    let name = try context.pathParameter("stream")
    try context.require(stream: name)
    let snapshot = try await snapshot()
    guard let stream = snapshot.streams.first(where: { $0.name == name }) else {
      throw Problem(
        .notFound, "there is no stream \(name); GET /v1/streams lists those that there are")
    }
    return .json(stream.json)
  }

  /// `GET /v1/kpis`, by name: the active version of each, all with `?versions=all`.
  func kpis(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 2)
    let hasAll = try Self.hasAllVersions(request)
    let snapshot = try await snapshot()
    let start = paging.start.map { (Text($0[0]), Int($0[1]) ?? .max) }
    let kpis = snapshot.kpis.filter { kpi in
      (hasAll || kpi.isActive) && context.principal.mayAsk(stream: kpi.stream)
    }
    .sorted { (Text($0.name), $0.version) < (Text($1.name), $1.version) }
    .filter { kpi in start.map { $0 < (Text(kpi.name), kpi.version) } ?? true }
    let page = kpis.prefix(paging.limit)
    return .json { writer in
      writer.field("kpis", array: page.map(\.json))
      writer.field("as_of_seq", snapshot.lastSeq)
      let last = kpis.count > page.count ? page.last : nil
      writer.field("next", optional: last.map { paging.cursor([$0.name, "\($0.version)"]) })
    }
  }

  private static func hasAllVersions(_ request: Request) throws(Problem) -> Bool {
    switch request.queryParameter("versions") {
    case nil, "active": return false
    case "all": return true
    case let other?: throw Problem(.badRequest, "versions \(other) is neither all nor active")
    }
  }

  /// `GET /v1/kpis/{kpi}`: all versions.
  func kpi(_ request: Request, _ context: ServerContext) async throws -> Response {
    let name = try context.pathParameter("kpi")
    let all = try await snapshot().kpis.filter { $0.name == name }
    guard let first = all.first else {
      throw Problem(.notFound, "there is no KPI \(name); GET /v1/kpis lists those that there are")
    }
    let versions = all.filter { context.principal.mayAsk(stream: $0.stream) }
    if versions.isEmpty { try context.require(first) }
    return .json { writer in
      writer.field("name", name)
      writer.field("versions", array: versions.map(\.json))
    }
  }

  /// `GET /v1/events/{seq}`: the document as it came in, and around it where it came from.
  func event(_ request: Request, _ context: ServerContext) async throws -> Response {
    let seq = try context.seqParameter()
    let found = try await runner.pool.run { [store] in try store.event(seq) }
    guard let (stream, event) = found else {
      throw Problem(.notFound, "there is no event \(seq) yet")
    }
    guard context.principal.mayAsk(stream: stream) else {
      throw Problem(.forbidden, "the token is not for the stream of event \(seq)")
    }
    return Response(
      status: .ok,
      headers: [
        .contentType: "application/json", .init("X-Nilo-Stream")!: stream,
        .init("X-Nilo-Received")!: "\(Timestamp(ns: event.receivedNs))",
      ],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: event.bytes)))
  }

  /// `GET /v1/shifts`: the parts of the day that are declared, for whoever shows times.
  func shifts(_ request: Request, _ context: ServerContext) async throws -> Response {
    .json { writer in
      writer.field(
        "shifts",
        array: shifts.map { shift in
          jsonObject {
            $0.field("from", Shift.clock(shift.startMinute))
            $0.field("until", Shift.clock(shift.endMinute))
          }
        })
    }
  }

  private func snapshot() async throws -> CatalogueSnapshot {
    try await runner.pool.run { [store] in try store.snapshot() }
  }
}
