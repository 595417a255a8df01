import Bytes
import Hummingbird
import Query
import Store

/// Schedules, alerts and sinks, in the order of their definitions: what each did and found.
struct AutomationEndpoints: Sendable {
  let store: Store
  let pool: BlockingPool

  /// `GET /v1/schedules`
  func schedules(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 1)
    let (snapshot, schedules) = try await pool.run { [store] in
      (try store.snapshot(), try store.schedules())
    }
    let (page, next) = try paging.page(
      of: schedules.filter { context.mayAsk($0.definition.query.from.text, snapshot) }, bySeq: \.seq
    )
    let shown = try page.map { try $0.json }
    return .json { writer in
      writer.field("schedules", array: shown)
      writer.field("as_of_seq", snapshot.lastSeq)
      writer.field("next", optional: next)
    }
  }

  /// `GET /v1/alerts`
  func alerts(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 1)
    let (snapshot, alerts) = try await pool.run { [store] in
      (try store.snapshot(), try store.alerts())
    }
    let (page, next) = try paging.page(
      of: alerts.filter { context.mayAsk($0.definition.query.from.text, snapshot) }, bySeq: \.seq)
    return .json { writer in
      writer.field("alerts", array: page.map(\.json))
      writer.field("as_of_seq", snapshot.lastSeq)
      writer.field("next", optional: next)
    }
  }

  /// `GET /v1/sinks`
  func sinks(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 1)
    let (snapshot, sinks) = try await pool.run { [store] in
      (try store.snapshot(), try store.sinks())
    }
    let (page, next) = try paging.page(
      of: sinks.filter { context.mayAsk($0.definition.kpi.text, snapshot) }, bySeq: \.seq)
    return .json { writer in
      writer.field("sinks", array: page.map(\.json))
      writer.field("as_of_seq", snapshot.lastSeq)
      writer.field("next", optional: next)
    }
  }
}

extension ServerContext {
  /// Whether whoever asks may ask the stream or KPI of a name.
  func mayAsk(_ name: String, _ snapshot: CatalogueSnapshot) -> Bool {
    let kpis = snapshot.kpis.filter { $0.name == name }
    if kpis.isEmpty { return principal.mayAsk(stream: name) }
    return kpis.allSatisfy { principal.mayAsk(stream: $0.stream) }
  }
}

extension ScheduleInfo {
  /// As `GET /v1/schedules` has it. Throws what its times do.
  fileprivate var json: [UInt8] {
    get throws {
      let nextNs = try nextNs
      return jsonObject { writer in
        writer.field("name", name)
        writer.field("version", Int64(version))
        writer.field("cron", definition.cron.value)
        writer.field("time_zone", definition.timeZone?.value ?? "UTC")
        writer.field("target", definition.target.canonicalText)
        writer.field("last", timeNs: lastRun?.boundaryNs)
        writer.field("last_state", optional: lastRun?.state.rawValue)
        writer.field("last_failure", optional: lastRun?.failure)
        writer.field("next", timeNs: nextNs)
        writer.field("waiting_runs", Int64(waitingRuns))
        writer.field("waiting_since", timeNs: waitingSinceNs)
        writer.field("failure", optional: refusal ?? lastRun?.failure)
        writer.field("seq", seq)
        writer.field("statement", statement)
      }
    }
  }
}

extension AlertInfo {
  /// As `GET /v1/alerts` has it.
  fileprivate var json: [UInt8] {
    jsonObject { writer in
      writer.field("name", name)
      writer.field("version", Int64(version))
      writer.field("target", definition.target.canonicalText)
      writer.field(
        "groups",
        array: groups.map { group in
          jsonObject {
            $0.field("labels", json: Array(group.labels.utf8))
            $0.field("state", group.state.rawValue)
            $0.field("since", timeNs: group.sinceNs)
            $0.field("provisional", group.isProvisional)
          }
        })
      writer.field("judged", isJudged)
      writer.field("waiting_notices", Int64(waitingNotices))
      writer.field("waiting_since", timeNs: waitingSinceNs)
      writer.field("failure", optional: failure ?? refusal)
      writer.field("seq", seq)
      writer.field("statement", statement)
    }
  }
}

extension SinkInfo {
  /// As `GET /v1/sinks` has it.
  fileprivate var json: [UInt8] {
    jsonObject { writer in
      writer.field("name", name)
      writer.field("version", Int64(version))
      writer.field("kpi", definition.kpi.text)
      writer.field("target", definition.target.canonicalText)
      writer.field("state", state.rawValue)
      writer.field("through_seq", throughSeq)
      writer.field("rows", Int64(rows))
      writer.field("waiting_rows", Int64(waitingRows))
      writer.field("waiting_since", timeNs: waitingSinceNs)
      writer.field("failure", optional: failure)
      writer.field("seq", seq)
      writer.field("statement", statement)
    }
  }
}
