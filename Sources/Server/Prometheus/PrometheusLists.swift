import Bytes
import Hummingbird
import Model
import PromQL
import Query
import Store

/// What there is to be asked by PromQL: series, labels, metrics.
struct PrometheusLists: Sendable {
  let runner: PrometheusRunner

  /// What the server passes itself off as: clients go by it, and ask for what this version has.
  static let version = "2.45.0"

  /// `series`: the labels of those that `match[]` takes.
  func series(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try await runner.fields(of: request)
    if try asked.selectors().isEmpty {
      throw Problem(.badRequest, "no match[] parameter provided")
    }
    return try await listed(asked, context) { source, selectors, fromMs, throughMs in
      var found: Set<Labels> = []
      for matchers in selectors {
        found.formUnion(try source.series(matchers, fromMs: fromMs, throughMs: throughMs))
      }
      return found.sorted().map(\.json)
    }
  }

  /// `labels`: the names of labels.
  func labels(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try await runner.fields(of: request)
    return try await listed(asked, context) { source, selectors, _, _ in
      let parts = selectors.flatMap(source.parts)
      let names = Set(parts.flatMap { [Labels.metricName] + $0.kpi.groupBy })
      return names.sorted().map(\.json)
    }
  }

  /// `label/{name}/values`
  func values(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try await runner.fields(of: request)
    let name = Text(try context.pathParameter("name"))
    return try await listed(asked, context) { source, selectors, fromMs, throughMs in
      var values: Set<Text> = []
      for matchers in selectors {
        let isOfNames = matchers.allSatisfy { $0.name == Labels.metricName }
        if name == Labels.metricName, isOfNames {
          values.formUnion(source.parts(matchers).flatMap(\.metrics).map(\.name))
        } else if name == Labels.metricName
          || source.parts(matchers).contains(where: { $0.kpi.groupBy.contains(name) })
        {
          let series = try source.series(matchers, fromMs: fromMs, throughMs: throughMs)
          values.formUnion(series.map { $0[name] })
        }
      }
      values.remove("")
      return values.sorted().map(\.json)
    }
  }

  /// Entries of those series that `match[]` takes; without it of all.
  private func listed(
    _ asked: PrometheusRequest, _ context: ServerContext,
    _ body: @escaping @Sendable (KpiSampleSource, [[Matcher]], Int64, Int64) throws -> [[UInt8]]
  ) async throws -> Response {
    var selectors = try asked.selectors()
    if selectors.isEmpty { selectors = [[]] }
    let limit = try asked.limit()
    let fromMs = try asked.timeMs("start") ?? -PromQLTime.limitMs
    let throughMs = try asked.timeMs("end") ?? PromQLTime.limitMs
    return try await runner.run(context) { [selectors] source in
      let entries = try body(source, selectors, fromMs, throughMs)
      let isCut = limit.map { entries.count > $0 } ?? false
      return .prometheus(
        Array(entries.prefix(limit ?? .max)).jsonArray,
        warnings: isCut ? ["results truncated due to limit"] : [])
    }
  }

  /// `metadata`: type, help and unit of metrics.
  func metadata(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try await runner.fields(of: request)
    let wanted = asked["metric"].map { Text($0) }
    let limit = try asked.limit()
    return try await runner.run(context) { source in
      let metrics = source.metrics.filter { wanted == nil || $0.name == wanted }
      return .prometheus(
        jsonObject { writer in
          for metric in metrics.prefix(limit ?? .max) {
            let entry = jsonObject {
              $0.field("type", "gauge")
              $0.field("help", metric.help)
              $0.field("unit", metric.unit ?? "")
            }
            writer.field(metric.name.string, array: [entry])
          }
        })
    }
  }

  /// `query_exemplars`: there are none.
  func exemplars(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try await runner.fields(of: request).expression()
    return .prometheus(Array("[]".utf8))
  }

  /// `status/buildinfo`
  func buildInfo(_ request: Request, _ context: ServerContext) async throws -> Response {
    .prometheus(
      jsonObject { writer in
        writer.field("version", Self.version)
        for name in ["revision", "branch", "buildUser", "buildDate", "goVersion"] {
          writer.field(name, "")
        }
      })
  }
}

extension KpiSampleSource {
  /// The series that have a value at some time of a stretch. O(cells).
  fileprivate func series(
    _ matchers: [Matcher], fromMs: Int64, throughMs: Int64
  ) throws -> Set<Labels> {
    var found: Set<Labels> = []
    for part in parts(matchers) {
      for labels in try series(part, matchers, fromMs: fromMs, throughMs: throughMs) {
        found.insert(labels)
      }
    }
    return found
  }
}

extension Text {
  fileprivate var json: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(jsonString: string)
    return bytes
  }
}
