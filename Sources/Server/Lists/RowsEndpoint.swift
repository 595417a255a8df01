import Bytes
import HTTPTypes
import Hummingbird
import Language
import Model
import Query
import Store

/// `GET /v1/kpis/{kpi}/rows`: the rows of a KPI, page by page, all pages of one state of the log.
struct RowsEndpoint: Sendable {
  let store: Store
  let runner: QueryRunner

  /// Where a page begins: the state, the version, the first bucket, and how many of its rows were on the page before.
  private struct Place {
    var seq: UInt64
    var version: Int
    var bucketNs: Int64?
    var skipped = 0

    init(seq: UInt64, version: Int) { (self.seq, self.version) = (seq, version) }

    init?(_ fields: [String]) {
      guard let seq = UInt64(fields[0]), let version = Int(fields[1]),
        let bucketNs = Int64(fields[2]), let skipped = Int(fields[3]), skipped >= 0
      else { return nil }
      (self.seq, self.version, self.bucketNs, self.skipped) = (seq, version, bucketNs, skipped)
    }

    var fields: [String] { ["\(seq)", "\(version)", "\(bucketNs ?? 0)", "\(skipped)"] }
  }

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 4)
    let format = try QueryRequest.format(request.queryParameter("format"), request)
    let snapshot = try await runner.pool.run { [store] in try store.snapshot() }
    let kpi = try Self.kpi(request, context, snapshot)
    var place = Place(seq: snapshot.lastSeq, version: kpi.version)
    if let start = paging.start {
      guard let known = Place(start), known.skipped < Int(Int32.max) else {
        throw Problem(.badRequest, "the cursor is damaged; begin anew, without it")
      }
      place = known
    }
    let select = try Self.select(request, kpi, place, limit: place.skipped + paging.limit + 1)
    let answer = try await runner.run(select, context)
    let first = min(place.skipped, answer.rowCount)
    let end = min(first + paging.limit, answer.rowCount)
    var response = try answer.rows(first..<end).response(format, among: runner.held)
    if let next = Self.place(ofRow: end, of: answer, after: place), end < answer.rowCount {
      let cursor = paging.cursor(next.fields)
      response.headers[.nextCursor] = cursor
      response.headers[.link] = "<\(Self.path(request, cursor))>; rel=\"next\""
    }
    return response
  }

  private static func kpi(
    _ request: Request, _ context: ServerContext, _ snapshot: CatalogueSnapshot
  ) throws -> KpiInfo {
    let name = try context.pathParameter("kpi")
    let versions = snapshot.kpis.filter { $0.name == name }
    guard !versions.isEmpty else {
      throw Problem(.notFound, "there is no KPI \(name); GET /v1/kpis lists those that there are")
    }
    let text = request.queryParameter("version")
    let kpi = versions.first { text == nil ? $0.isActive : "\($0.version)" == text }
    guard let kpi = kpi ?? (text == nil ? versions.first : nil) else {
      throw Problem(
        .notFound,
        "KPI \(name) has no version \(text ?? ""); GET /v1/kpis/\(name) lists those that it has")
    }
    try context.require(kpi)
    return kpi
  }

  private static func select(
    _ request: Request, _ kpi: KpiInfo, _ place: Place, limit: Int
  ) throws -> Select {
    var select = Select([.star(.none)], from: Name(kpi.name), filter: try filter(request, kpi))
    let zone = try ZoneRules(named: kpi.timeZone)
    let asked = try request.timeParameter("since", in: zone)
    let since = place.bucketNs ?? asked
    let until = try request.timeParameter("until", in: zone)
    if since != nil || until != nil {
      select.range = .bounds(
        since: since.map(TimeExpression.init), until: until.map(TimeExpression.init))
      select.wholeBuckets = TextSpan.none
    }
    select.limit = Limit(limit)
    select.asOf = .seq(Spanned(place.seq))
    select.version = Spanned(place.version)
    return select
  }

  /// Of each group one of the values that are named; `group.city=` is that without a city.
  private static func filter(_ request: Request, _ kpi: KpiInfo) throws(Problem) -> Predicate? {
    var wanted: [(name: String, test: Predicate)] = []
    for field in request.queryFields where field.name.hasPrefix("group.") {
      let name = String(field.name.dropFirst("group.".count))
      let path = FieldPath(Text(name))
      guard kpi.groupBy.contains(Text(name)) else {
        throw .unknown("group", name, of: kpi.groupBy.map(\.string), in: "KPI \(kpi.name)")
      }
      let test: Predicate =
        field.value.isEmpty
        ? .isNull(path, isNegated: false) : .compare(path, .eq, .string(Text(field.value)))
      if let index = wanted.firstIndex(where: { $0.name == name }) {
        wanted[index].test = .or(wanted[index].test, test)
      } else {
        wanted.append((name, test))
      }
    }
    return wanted.map(\.test).reduce(nil) { all, one in all.map { .and($0, one) } ?? one }
  }

  /// That of a row which begins the next page: rows come in the order of their buckets.
  private static func place(ofRow row: Int, of answer: Answer, after place: Place) -> Place? {
    guard row < answer.rowCount,
      let times = answer.columns.first(where: { $0.kind == .time })?.values,
      case .time(let bucketNs) = times[row]
    else { return nil }
    var next = place
    next.bucketNs = bucketNs
    next.skipped = 0
    while next.skipped < row, times[row - next.skipped - 1] == .time(bucketNs) { next.skipped += 1 }
    return next
  }

  private static func path(_ request: Request, _ cursor: String) -> String {
    let rest = (request.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") }
    return request.uri.path + "?" + (rest + ["cursor=\(cursor)"]).joined(separator: "&")
  }
}

extension TimeExpression {
  /// A time in nanoseconds since 1970.
  init(_ ns: Int64) { self.init(.text("\(Timestamp(ns: ns))")) }
}

extension HTTPField.Name {
  /// What `cursor` is for the next page.
  static let nextCursor = HTTPField.Name("X-Nilo-Next")!
  static let link = HTTPField.Name("Link")!
}
