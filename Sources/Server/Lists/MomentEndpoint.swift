import Bytes
import Hummingbird
import Language
import Model
import Query
import Store

/// `GET /kpis/{timestamp}`: what all KPIs have of a moment. One that is written without an offset is, for each KPI, that on its
/// own clock, and for streams that of UTC.
struct MomentEndpoint: Sendable {
  let store: Store
  let runner: QueryRunner

  /// Averages of so many fields are asked for at a time.
  private static let maxItems = 50

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    let text = try context.pathParameter("timestamp")
    guard let timeNs = Moment.parse(text) else {
      throw Problem.noTime("the path's", text)
    }
    let isExact = try Self.isExact(request)
    let (snapshot, asked) = try await runner.pool.run { [store] in
      let snapshot = try store.snapshot()
      // As of a state, which is judged by all that the name ever led to.
      return (
        snapshot,
        try snapshot.kpis.filter {
          try $0.isActive && context.mayAsk(everOf: $0.name, store)
        }
      )
    }
    var kpis: [[UInt8]] = []
    var streams: [[UInt8]] = []
    for kpi in asked {
      if let rows = try await rows(of: kpi, text, snapshot.lastSeq, context) { kpis.append(rows) }
    }
    for stream in snapshot.streams
    where isExact && context.principal.mayAsk(stream: stream.name) {
      if let averages = try await averages(of: stream, timeNs, snapshot.lastSeq, context) {
        streams.append(averages)
      }
    }
    guard !kpis.isEmpty || !streams.isEmpty else {
      throw Self.nothing(at: text, isExact, hasKpis: snapshot.kpis.contains { $0.isActive })
    }
    return .json { [kpis, streams] in
      $0.field("time", timeNs: timeNs)
      $0.field("as_of_seq", snapshot.lastSeq)
      $0.field("kpis", array: kpis)
      if isExact { $0.field("streams", array: streams) }
    }
  }

  private static func isExact(_ request: Request) throws(Problem) -> Bool {
    switch request.queryParameter("exact") {
    case nil, "false": return false
    case "true": return true
    case let other?: throw Problem(.badRequest, "exact \(other) is neither true nor false")
    }
  }

  /// `text` is as it was asked for: where it is a date, no instant says the same to all KPIs.
  private static func nothing(at text: String, _ isExact: Bool, hasKpis: Bool) -> Problem {
    let isNumber = Double(text) != nil
    let time = isNumber ? Moment.parse(text).map { "\(Timestamp(ns: $0))" } ?? text : text
    let kpis =
      hasKpis
      ? "no KPI has a row whose bucket holds \(time)"
      : "there is no KPI that could have a row of \(time); DEFINE KPI makes one"
    let facts = isExact ? ", and no stream has facts at exactly that time" : ""
    return Problem(.notFound, kpis + facts)
  }

  /// The rows of the bucket that holds the time; nil when it has none.
  private func rows(
    of kpi: KpiInfo, _ text: String, _ seq: UInt64, _ context: ServerContext
  ) async throws -> [UInt8]? {
    let zone = try ZoneRules(named: kpi.timeZone)
    guard let timeNs = Moment.parse(text, in: zone) else { return nil }
    let bucket = Buckets(length: kpi.every, zone: zone).range(of: timeNs)
    var select = Select([.star(.none)], from: Name(kpi.name))
    select.range = .bounds(
      since: TimeExpression(bucket.lowerBound), until: TimeExpression(bucket.upperBound))
    select.wholeBuckets = TextSpan.none
    select.asOf = .seq(Spanned(seq))
    select.version = Spanned(kpi.version)
    let answer = try await runner.run(select, context)
    if answer.rowCount == 0 { return nil }
    return jsonObject {
      $0.field("name", kpi.name)
      $0.field("version", Int64(kpi.version))
      $0.field("bucket_start", timeNs: bucket.lowerBound)
      $0.field("bucket_end", timeNs: bucket.upperBound)
      $0.field("answer", json: AnswerRenderer(.json).bytes(answer).dropLast(while: { $0 == 0x0A }))
    }
  }

  /// The averages of all numeric fields of the facts of one time; nil when there are no such facts.
  private func averages(
    of stream: StreamInfo, _ timeNs: Int64, _ seq: UInt64, _ context: ServerContext
  ) async throws -> [UInt8]? {
    let paths = stream.fields.filter { $0.kind == .number && $0.hasColumn }.map(\.path)
    var facts: Int64 = 0
    var averages = JSONObjectWriter()
    var start = 0
    repeat {
      let part = paths[start..<min(start + Self.maxItems, paths.count)]
      let items =
        [Item(.aggregate(Aggregate(.count, nil)))]
        + part.map { Item(.aggregate(Aggregate(.avg, FieldPath($0)))) }
      var select = Select(items.map(SelectItem.item), from: Name(stream.name))
      select.range = .at(TimeExpression(timeNs))
      select.asOf = .seq(Spanned(seq))
      let answer = try await runner.run(select, context)
      let values = answer.columns.filter { $0.kind == .number || $0.kind == .integer }
        .map { answer.rowCount == 1 ? $0.values[0] : .null }
      guard case .integer(let count)? = values.first, count > 0 else { return nil }
      facts = count
      for (path, value) in zip(part, values.dropFirst()) {
        if case .number(let number) = value { averages.field(path.string, number) }
      }
      start += Self.maxItems
    } while start < paths.count
    return jsonObject {
      $0.field("stream", stream.name)
      $0.field("facts", facts)
      $0.field("averages", json: averages.finish())
    }
  }
}

extension [UInt8] {
  /// Without the last bytes that are `isDropped`.
  fileprivate func dropLast(while isDropped: (UInt8) -> Bool) -> [UInt8] {
    Array(self[..<(lastIndex { !isDropped($0) }.map { $0 + 1 } ?? 0)])
  }
}
