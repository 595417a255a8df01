import Bytes
import Hummingbird
import Model
import PromQL
import Query
import Store

/// Expressions of PromQL over KPIs: `/api/v1/query`, `query_range` and `format_query`.
struct PrometheusQueries: Sendable {
  let runner: PrometheusRunner

  /// Points of a series at most, as Prometheus has it.
  private static let maxPoints = 11_000

  /// `query`: at one time.
  func instant(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try await runner.fields(of: request)
    let node = try asked.expression()
    let timeMs = try asked.timeMs("time") ?? runner.nowMs
    return try await evaluated(node, TimeGrid(atMs: timeMs), asked, context) {
      $0.instantJSON(atMs: timeMs, limit: $1)
    }
  }

  /// `query_range`: at many times.
  func range(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try await runner.fields(of: request)
    let node = try asked.expression()
    guard let startMs = try asked.timeMs("start"), let endMs = try asked.timeMs("end"),
      let stepMs = try asked.lengthMs("step")
    else { throw Problem(.badRequest, "start, end and step have to be there, each as a field") }
    guard endMs >= startMs else {
      throw PrometheusRequest.invalid("end", "end timestamp must not be before start time")
    }
    guard stepMs > 0 else {
      throw PrometheusRequest.invalid(
        "step",
        "zero or negative query resolution step widths are not accepted. Try a positive integer")
    }
    guard (endMs - startMs) / stepMs < Self.maxPoints else {
      throw Problem(
        .badRequest,
        "exceeded maximum resolution of \(Self.maxPoints) points per timeseries. Try decreasing the query resolution (?step=XX)"
      )
    }
    guard [.scalar, .vector].contains(node.type) else {
      throw PrometheusRequest.invalid(
        "query",
        "invalid expression type \"\(node.type.rawValue)\" for range query, must be Scalar or instant Vector"
      )
    }
    let grid = TimeGrid(fromMs: startMs, throughMs: endMs, stepMs: stepMs)
    return try await evaluated(node, grid, asked, context) { $0.rangeJSON(grid, limit: $1) }
  }

  /// `format_query`: the expression in the one form it has.
  func format(_ request: Request, _ context: ServerContext) async throws -> Response {
    let text = try await runner.fields(of: request).expression().canonicalText
    var data: [UInt8] = []
    data.append(jsonString: text)
    return .prometheus(data)
  }

  private func evaluated(
    _ node: Node, _ grid: TimeGrid, _ asked: PrometheusRequest, _ context: ServerContext,
    _ json: @escaping @Sendable (PromQLResult, Int?) -> [UInt8]
  ) async throws -> Response {
    let limit = try asked.limit()
    return try await runner.run(context, timeoutMs: try asked.lengthMs("timeout")) { source in
      var evaluator = Evaluator(source, grid, maxValues: source.maxValues)
      let result: PromQLResult
      do {
        result = try evaluator.evaluate(node)
      } catch let error as EvaluationError {
        throw Problem(.queryLimit, "\(error)")
      }
      var warnings = evaluator.warnings + source.notes.warnings
      if let limit, result.seriesCount > limit { warnings.append("results truncated due to limit") }
      return .prometheus(json(result, limit), warnings: warnings, infos: source.notes.infos)
    }
  }
}

extension KpiSampleSource {
  /// What an evaluation may hold, of some 16 bytes each, with room for as much beside it.
  fileprivate var maxValues: Int { limits.maxMemoryBytes / 32 }
}

/// Runs what is asked by PromQL on the threads of queries, over the KPIs as they are at one event.
struct PrometheusRunner: Sendable {
  let queries: QueryRunner
  let requestSeconds: Int

  var nowMs: Int64 { queries.clock().milliseconds }

  func fields(of request: Request) async throws -> PrometheusRequest {
    try await PrometheusRequest(request, within: requestSeconds)
  }

  /// Alterations of a stream that may come between a snapshot and its reading.
  private static let maxAttempts = 4

  /// It ends when its client goes away, and after `timeoutMs`, if that is less than what queries may take. Throws
  /// ``TimeoutError``, what `body` does, and a ``Problem`` of kind `tooBusy`.
  func run<R: Sendable>(
    _ context: ServerContext, timeoutMs: Int64? = nil,
    _ body: @escaping @Sendable (KpiSampleSource) throws -> R
  ) async throws -> R {
    let cancelled = CancelFlag()
    let connection = context.connection
    let maxSeconds = queries.limits.maxSeconds
    let seconds = timeoutMs.map { min(Double(max(0, $0)) / 1_000, maxSeconds) } ?? maxSeconds
    return try await withTaskCancellationHandler {
      try await queries.pool.run {
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        let isCancelled: @Sendable () -> Bool = {
          cancelled.isSet || connection?.isGone == true || ContinuousClock.now > deadline
        }
        return try queries.counted {
          do {
            return try Cancellation.with(isCancelled) {
              try ofOneState(context, isCancelled, body)
            }
          } catch is CancellationError where ContinuousClock.now > deadline {
            throw TimeoutError()
          }
        }
      }
    } onCancel: {
      cancelled.set()
    }
  }

  /// Begins anew where a stream was altered meanwhile.
  private func ofOneState<R>(
    _ context: ServerContext, _ isCancelled: @escaping @Sendable () -> Bool,
    _ body: (KpiSampleSource) throws -> R
  ) throws -> R {
    var attempt = 1
    while true {
      let snapshot = try queries.store.snapshot()
      let source = KpiSampleSource(
        store: queries.store, snapshot: snapshot,
        metrics: KpiMetric.all(snapshot, for: context.principal), limits: queries.limits,
        isCancelled: isCancelled, notes: KpiNotes())
      do {
        return try body(source)
      } catch let error as any SnapshotGoneError {
        guard attempt < Self.maxAttempts else { throw error }
        attempt += 1
      }
    }
  }
}
