import Bytes
import Language
import Model

/// EXPLAIN and EXPLAIN ANALYZE: how a query is answered.
extension StatementRun {
  func explain(_ explanation: Statement.Explanation, _ select: Select) throws -> Answer {
    switch explanation {
    case .plan: return try plan(of: select)
    case .analyze: return try analysis(of: select)
    case .value: return try values(of: select)
    }
  }

  private func plan(of select: Select) throws -> Answer {
    let query = try Binder.bind(select, self)
    var lines = ExplainLines()
    if query.isOfFacts {
      lines.add("source", "columns")
    } else {
      lines.add(try store.plan(query.request(query.range, options)), isEstimate: true)
    }
    lines.add(query)
    return lines.answer
  }

  private func analysis(of select: Select) throws -> Answer {
    let clock = ContinuousClock()
    let begin = clock.now
    let query = try Binder.bind(select, self)
    let bound = clock.now
    let result = try execution(query).result()
    let end = clock.now
    var lines = ExplainLines()
    if query.isOfFacts { lines.add("source", "columns") }
    for plan in result.plans { lines.add(plan, isEstimate: false) }
    lines.add(query)
    lines.add("rows", number: .integer(Int64(result.answer.rowCount)))
    if let rows = result.answer.meta.rowsBeforeLimit {
      lines.add("rows before limit", number: .integer(Int64(rows)))
    }
    func add(_ step: String, seconds: Double) {
      lines.add("ms to \(step)", number: .number((max(0, seconds) * 1e6).rounded() / 1e3))
    }
    add("understand", seconds: (bound - begin) / .seconds(1))
    add("gather", seconds: result.gatheringSeconds)
    add("finish", seconds: (end - bound) / .seconds(1) - result.gatheringSeconds)
    return lines.answer
  }
}

/// What is told of a plan, by step.
struct ExplainLines {
  private var steps: [Text?] = []
  private var details: [Text?] = []
  private var numbers: [QueryValue] = []

  mutating func add(_ step: String, _ detail: String) {
    steps.append(Text(step))
    details.append(Text(detail))
    numbers.append(.null)
  }

  mutating func add(_ step: String, number: QueryValue) {
    steps.append(Text(step))
    details.append(nil)
    numbers.append(number)
  }

  mutating func add(_ plan: AggregatePlan, isEstimate: Bool) {
    add("source", plan.origin.text)
    for alternative in plan.alternatives {
      add("not taken", "\(alternative.name): \(alternative.reason)")
    }
    let suffix = isEstimate ? " to read" : " read"
    add("cells" + suffix, number: .integer(Int64(plan.cells)))
    add("blocks" + suffix, number: .integer(Int64(plan.blocks)))
    add("facts" + suffix, number: .integer(Int64(plan.facts)))
  }

  mutating func add(_ query: BoundQuery) {
    func bound(_ ns: Int64) -> String {
      ns == .min || ns == .max ? "open" : Timestamp(ns: ns).description
    }
    add("stream", query.stream.name)
    if let filter = query.filter { add("filter", filter.canonicalText) }
    add("since", bound(query.range.lowerBound))
    add("until", bound(query.range.upperBound))
    if let every = query.buckets?.length {
      add("buckets", "\(every) in \(query.zone.name)")
    }
    if let rolling = query.rolling { add("rolling", "\(rolling)") }
    if !query.groups.isEmpty {
      add("groups", query.groups.map(\.path).joined(separator: ", "))
    }
    if let seq = query.asOfSeq { add("as of seq", number: .count(seq)) }
    if query.isOfFacts {
      add("fields", query.fields.joined(separator: ", "))
    } else {
      let texts = query.aggregates.map { Expression.aggregate($0).canonicalText }
      add("aggregates", texts.joined(separator: ", "))
    }
  }

  var answer: Answer {
    Answer(columns: [
      Answer.Column(name: "step", kind: .text, values: .texts(steps)),
      Answer.Column(name: "detail", kind: .text, values: .texts(details)),
      Answer.Column(name: "number", kind: .number, values: .values(numbers)),
    ])
  }
}
