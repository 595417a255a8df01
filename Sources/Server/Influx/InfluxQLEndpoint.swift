import Bytes
import Hummingbird
import Language
import Model
import Query
import RE2
import Store
import Synchronization

/// `/query`: InfluxQL, as far as clients look around by it, and aggregates. Other questions are asked in the query language,
/// at `/v1/query`.
struct InfluxQLEndpoint: Sendable {
  let store: Store
  let runner: QueryRunner
  let settings: ServerSettings
  let databases = CreatedDatabases()

  private static let maxBodyBytes = 1 << 20

  /// The fields that a request has, and who asks.
  fileprivate struct Asked {
    var nowNs: Int64
    var epoch: InfluxQLEpoch?
    var context: ServerContext
    /// What there is, of which only what may be asked for is told.
    var streams: [StreamInfo]
  }

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await answer(request.queryFields, context)
  }

  /// The statements stand in the query string or in a form.
  func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await request.collected(
      maxBytes: Self.maxBodyBytes, within: settings.limits.requestSeconds)
    let fields = FormField.all(String(decoding: body, as: UTF8.self))
    return try await answer(request.queryFields + fields, context)
  }

  private func answer(_ fields: [FormField], _ context: ServerContext) async throws -> Response {
    guard let text = fields.first(where: { $0.name == "q" })?.value, !text.isEmpty else {
      throw Problem(.badRequest, "missing required parameter \"q\"")
    }
    let epoch = fields.first { $0.name == "epoch" }.flatMap { InfluxQLEpoch(rawValue: $0.value) }
    let streams = try await runner.pool.run { [store] in
      try store.snapshot().streams.filter { context.principal.mayAsk(stream: $0.name) }
    }
    let asked = Asked(nowNs: runner.clock(), epoch: epoch, context: context, streams: streams)
    var results: [[UInt8]] = []
    for statement in InfluxQLStatement.all(text, nowNs: asked.nowNs) {
      var writer = JSONObjectWriter()
      writer.field("statement_id", Int64(results.count))
      do {
        let series = try await series(statement, asked)
        if !series.isEmpty { writer.field("series", array: series) }
      } catch let error as InfluxQLError {
        writer.field("error", error.description)
      } catch let problem as Problem where problem.kind == .badRequest {
        writer.field("error", problem.detail)
      }
      results.append(writer.finish())
    }
    return .json { [results] in $0.field("results", array: results) }
  }

  private func series(_ statement: InfluxQLStatement, _ asked: Asked) async throws -> [[UInt8]] {
    switch statement {
    case .createDatabase(let name):
      databases.add(name)
      return []
    case .showDatabases:
      return [Self.series("databases", ["name"], try await databaseNames().map { [$0.json] })]
    case .showRetentionPolicies:
      let row = [Array("\"autogen\",\"0s\",\"168h0m0s\",1,true".utf8)]
      let columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"]
      return [Self.series(nil, columns, [row])]
    case .showMeasurements(let names):
      let wanted = try names.test
      let rows = asked.streams.filter { wanted(Text($0.name)) }.map { [$0.name.json] }
      return rows.isEmpty ? [] : [Self.series("measurements", ["name"], rows)]
    case .showTagKeys(let name):
      return asked.each(name).compactMap { stream in
        Self.optional(stream.name, ["tagKey"], stream.tagFields.map { [$0.path.string.json] })
      }
    case .showFieldKeys(let name):
      return asked.each(name).compactMap { stream in
        let rows = stream.valueFields.map {
          [$0.path.string.json, ($0.kind == .boolean ? "boolean" : "float").json]
        }
        return Self.optional(stream.name, ["fieldKey", "fieldType"], rows)
      }
    case .showTagValues(let name, let keys, let condition):
      return try await tagValues(name, keys, condition, asked)
    case .select(let select): return try await self.select(select, asked)
    case .refused(let reason): throw InfluxQLError(reason)
    }
  }

  // MARK: Values

  /// A measurement that there is not has no series.
  private func select(_ select: InfluxQLSelect, _ asked: Asked) async throws -> [[UInt8]] {
    guard let stream = asked.each(select.measurement).first,
      let range = select.range(of: stream, nowNs: asked.nowNs)
    else { return [] }
    let statement = select.statement(of: stream, range)
    if statement.items.isEmpty { return [] }
    let answer = try await runner.run(statement, asked.context)
    // Without any time in the question InfluxDB names the first there is.
    let startNs = select.every == nil ? select.condition.sinceNs ?? 0 : range.lowerBound
    // Large answers are not written on the connection's thread, which others wait for.
    return try await runner.pool.run {
      InfluxQLSeries(select: select, answer: answer, startNs: startNs, epoch: asked.epoch).all
    }
  }

  private func tagValues(
    _ name: String?, _ keys: InfluxQLNames, _ condition: InfluxQLCondition, _ asked: Asked
  ) async throws -> [[UInt8]] {
    let wanted = try keys.test
    var all: [[UInt8]] = []
    for stream in asked.each(name) {
      var rows: [[[UInt8]]] = []
      for tag in stream.tagFields where wanted(tag.path) {
        var select = Select(
          [.item(Item(.aggregate(Aggregate(.count, nil)), alias: "c0"))], from: Name(stream.name),
          filter: condition.predicate, groupBy: [GroupField(FieldPath(tag.path), alias: "g0")])
        if condition.hasTime {
          select.range = .bounds(
            since: condition.sinceNs.map { TimeExpression($0) },
            until: condition.untilNs.map { TimeExpression($0) })
        }
        let answer = try await runner.run(select, asked.context)
        let values = answer.columns.first { $0.name == "g0" }?.values
        let texts = (0..<answer.rowCount).compactMap { row -> Text? in
          if case .text(let text)? = values?[row] { text } else { nil }
        }
        rows += texts.sorted().map { [tag.path.string.json, $0.string.json] }
      }
      if let series = Self.optional(stream.name, ["key", "value"], rows) { all.append(series) }
    }
    return all
  }

  /// Databases that were written to or created. O(sources).
  private func databaseNames() async throws -> [String] {
    try await runner.pool.run { [store, databases] in
      var names = databases.names
      for stream in try store.snapshot().streams {
        for source in try store.sources(ofStream: stream.name)
        where source.name.hasPrefix(LineReading.sourcePrefix) {
          names.insert(String(source.name.dropFirst(LineReading.sourcePrefix.count)))
        }
      }
      return names.sorted()
    }
  }

  private static func optional(
    _ name: String, _ columns: [String], _ rows: [[[UInt8]]]
  ) -> [UInt8]? {
    rows.isEmpty ? nil : series(name, columns, rows)
  }

  private static func series(
    _ name: String?, _ columns: [String], _ rows: [[[UInt8]]]
  ) -> [UInt8] {
    var writer = JSONObjectWriter()
    if let name { writer.field("name", name) }
    writer.field("columns", strings: columns)
    if !rows.isEmpty { writer.field("values", array: rows.map(\.jsonArray)) }
    return writer.finish()
  }
}

extension InfluxQLEndpoint.Asked {
  /// The stream of a name, or all.
  fileprivate func each(_ name: String?) -> [StreamInfo] {
    streams.filter { name == nil || $0.name == name }
  }
}

extension StreamInfo {
  /// What InfluxDB calls tags: fields of texts. Those of the server's own are not among them.
  fileprivate var tagFields: [Field] {
    fields.filter {
      $0.hasColumn && [.text, .mixed].contains($0.kind) && !$0.path.string.hasPrefix("_")
    }
    .sorted { $0.path < $1.path }
  }

  /// What InfluxDB calls fields. One that has numbers and texts is both: a panel that shows it does not lose it for a text.
  fileprivate var valueFields: [Field] {
    fields.filter {
      $0.hasColumn && [.number, .boolean, .mixed].contains($0.kind)
        && !$0.path.string.hasPrefix("_")
    }
    .sorted { $0.path < $1.path }
  }
}

extension InfluxQLNames {
  /// Whether a name is wanted. Throws ``InfluxQLError`` for a pattern that is none.
  fileprivate var test: (Text) -> Bool {
    get throws(InfluxQLError) {
      switch self {
      case .all: return { _ in true }
      case .some(let names):
        let wanted = Set(names.map { Text($0) })
        return { wanted.contains($0) }
      case .like(let pattern, let isNegated):
        do throws(RegularExpression.Refusal) {
          let expression = try RegularExpression(pattern.string)
          return { expression.matches($0.rawSpan) != isNegated }
        } catch {
          throw InfluxQLError("the regular expression is not legal: \(error)")
        }
      }
    }
  }
}

extension String {
  fileprivate var json: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(jsonString: self)
    return bytes
  }
}

/// Databases that were created since the server started: it has none, but clients look for what they have created.
final class CreatedDatabases: Sendable {
  private static let maxCount = 1_000
  private let all = Mutex<Set<String>>([])

  var names: Set<String> { all.withLock { $0 } }

  func add(_ name: String) {
    all.withLock { names in
      if names.count < Self.maxCount { names.insert(name) }
    }
  }
}
