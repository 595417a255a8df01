import Bytes
import Language
import Model

/// Makes an answer of the rows of a query.
struct QueryExecution {
  let query: BoundQuery
  let store: any Queryable
  let options: QueryOptions
  /// The last event of the log when the query was begun.
  private let budget: MemoryBudget

  init(query: BoundQuery, store: any Queryable, options: QueryOptions) {
    (self.query, self.store, self.options) = (query, store, options)
    budget = MemoryBudget(options.limits)
  }

  /// The rows of an answer and what its numbers were computed from.
  struct Result {
    var answer: Answer
    /// The rows in the answer's order.
    var table: RowTable
    var plans: [AggregatePlan] = []
    /// How long the store took.
    var gatheringSeconds = 0.0
  }

  func result() throws -> Result {
    query.isOfFacts ? try facts() : try aggregates()
  }

  private func aggregates() throws -> Result {
    let gathering = AggregateRows(
      query: query, store: store, options: options, budget: budget)
    let (rows, seconds) = try timed { try gathering.rows() }
    let (table, over) = query.fill == nil ? (rows.table, query) : try filled(rows, gathering)
    var result = try finish(table, over, from: rows.firstNs)
    result.plans = rows.plans
    result.gatheringSeconds = seconds
    describe(rows, &result)
    let passedOver = PassedOver(
      query: query, store: store, options: options, asOfSeq: rows.asOfSeq)
    result.answer.meta.notes +=
      query.kpi == nil ? try passedOver.notes() : passedOver.notesWithoutCounts()
    return result
  }

  /// The rows without gaps, and the query over their leaves.
  private func filled(
    _ rows: AggregateRows.Rows, _ gathering: AggregateRows
  ) throws -> (RowTable, BoundQuery) {
    let (over, leaves) = Leaves.replaceAll(of: query)
    let gaps = Gaps(
      query: query, leaves: leaves.expressions.map { Leaf($0, query) },
      watermarkNs: rows.watermarkNs, maxCells: options.limits.maxCells,
      budget: budget)
    let groups = gaps.groups(of: rows.table, from: rows.firstNs)
    let evaluator = evaluator(rows.table)
    let values = try leaves.expressions.map { try evaluator.column($0) }
    var held: [[QueryValue]] = []
    if query.fill == .previous {
      let count = try gaps.starts(rows.range, groups: groups.count).count
      held = try HeldValues(
        query: query, gathering: gathering, leaves: gaps.leaves, bucketCount: count
      ).values(of: groups, before: rows)
    }
    let table = try gaps.filled(rows.table, values, groups: groups, rows.range, held: held)
    return (table, over)
  }

  private func facts() throws -> Result {
    let (rows, seconds) = try timed {
      try FactRows(query: query, store: store, options: options).rows()
    }
    try budget.take(rows.table.bytes, for: "facts")
    var result = try finish(rows.table, query, from: rows.firstNs)
    result.gatheringSeconds = seconds
    result.answer.meta.asOfSeq = query.lastSeq
    result.answer.meta.watermarkNs = query.stream.watermarkNs
    result.answer.meta.answeredFrom = "columns"
    result.answer.meta.notes += rows.notes
    setRange(&result.answer.meta, isCutShort: rows.hasMore)
    if rows.hasMore {
      result.answer.meta.notes.append(
        "the first facts of the log, of which there may be more; ORDER BY picks others")
    }
    return result
  }

  private func timed<Value>(_ body: () throws -> Value) rethrows -> (Value, seconds: Double) {
    let clock = ContinuousClock()
    let begin = clock.now
    let value = try body()
    return (value, (clock.now - begin) / .seconds(1))
  }

  private func evaluator(_ table: RowTable) -> Evaluator {
    Evaluator(table: table, groupKinds: query.groups.map(\.kind), zone: query.zone, budget: budget)
  }

  // MARK: Rows

  private func finish(
    _ table: RowTable, _ over: BoundQuery, from firstNs: Int64
  ) throws -> Result {
    let evaluator = evaluator(table)
    var rows = try keptRows(table, over, evaluator, from: firstNs)
    try budget.passing {
      try sort(&rows, table, over, evaluator)
    }
    let countBeforeLimit = rows.count
    limit(&rows, table)
    var values = try over.outputs.map { output in
      try Cancellation.check()
      return try evaluator.column(output.expression)
    }
    var table = table
    if rows.count < table.count || !over.order.isEmpty {
      table.inputs = []
      table.leaves = []
      table.gather(rows)
      values = values.map { $0.gather(rows) }
    }
    var answer = Answer(columns: columns(table, values))
    if rows.count < countBeforeLimit { answer.meta.rowsBeforeLimit = countBeforeLimit }
    return Result(answer: answer, table: table)
  }

  private func keptRows(
    _ table: RowTable, _ over: BoundQuery, _ evaluator: Evaluator, from firstNs: Int64
  ) throws -> [Int] {
    let truths = try over.having.map { try ConditionMask(evaluator: evaluator).truths($0) }
    try Cancellation.check()
    if truths == nil, !query.isOnlyFinal, query.since == nil,
      table.timesNs.first ?? .max >= firstNs
    {
      return Array(0..<table.count)
    }
    return (0..<table.count).filter { row in
      if let truths, truths[row] != .yes { return false }
      if query.isOnlyFinal && table.states[row] != .final { return false }
      if let since = query.since, !query.isChanged(row, table, since: since) { return false }
      return table.timesNs[row] >= firstNs
    }
  }

  /// Stable; rows of LIMIT PER BUCKET stay by bucket.
  private func sort(
    _ rows: inout [Int], _ table: RowTable, _ over: BoundQuery, _ evaluator: Evaluator
  ) throws {
    guard !over.order.isEmpty else { return }
    let keys = try over.order.map { order in
      let key = SortKey(try evaluator.column(order.expression), order.isDescending)
      try budget.take(rows.count * SortKey.rowBytes, for: "ORDER BY")
      return key
    }
    var comparisons = 0
    func check() throws {
      comparisons += 1
      try Cancellation.check(at: comparisons)
    }
    let isByBucket = query.limit?.isPerBucket ?? false
    if keys.count == 1, !isByBucket, let ranks = keys[0].ranks {
      // Most answers are sorted by one number: integers are compared faster than enumerations.
      var pairs = rows.map { (rank: ranks[$0], row: $0) }
      try pairs.sort {
        try check()
        return $0.rank != $1.rank ? $0.rank < $1.rank : $0.row < $1.row
      }
      rows = pairs.map(\.row)
      return
    }
    try rows.sort { left, right in
      try check()
      if isByBucket, table.timesNs[left] != table.timesNs[right] {
        return table.timesNs[left] < table.timesNs[right]
      }
      return keys.haveInOrder(left, right)
    }
  }

  private func limit(_ rows: inout [Int], _ table: RowTable) {
    guard let limit = query.limit else { return }
    guard limit.isPerBucket else {
      rows.removeLast(max(0, rows.count - limit.rows))
      return
    }
    var (bucket, taken) = (Int64.min, 0)
    rows = rows.filter { row in
      if table.timesNs[row] != bucket { (bucket, taken) = (table.timesNs[row], 0) }
      taken += 1
      return taken <= limit.rows
    }
  }

  // MARK: Columns

  private func columns(_ table: RowTable, _ values: [ValueColumn]) -> [Answer.Column] {
    var columns: [Answer.Column] = []
    let hasTime = query.isOfFacts || query.buckets != nil
    if hasTime {
      columns.append(
        Answer.Column(name: query.timeName.string, kind: .time, values: .times(table.timesNs)))
    }
    if !query.isOfFacts {
      for (index, group) in query.groups.enumerated() {
        columns.append(
          Answer.Column(
            name: group.name.string, kind: group.kind.columnKind,
            values: table.labels(index, group.kind)))
      }
    }
    for (output, values) in zip(query.outputs, values) {
      var column = Answer.Column(
        name: output.name.string, kind: output.kind.columnKind, errorBound: output.errorBound,
        values: values)
      column.isApproximate = output.errorBound != nil && !query.isExact(output, values)
      columns.append(column)
    }
    if query.buckets != nil { columns.append(states(table)) }
    return columns
  }

  private func states(_ table: RowTable) -> Answer.Column {
    var column = Answer.Column(
      name: query.stateName.string, kind: .state,
      values: .texts(table.states.map { Text($0.rawValue) as Text? }))
    // Only a KPI has rows that stand, and are corrected.
    if query.kpi != nil, table.revisions.contains(where: { $0 ?? 0 > 0 }) {
      column.revisions = table.revisions.map { $0 ?? 0 }
    }
    return column
  }

  // MARK: What one has to know

  private func describe(_ rows: AggregateRows.Rows, _ result: inout Result) {
    result.answer.meta.watermarkNs = rows.watermarkNs
    result.answer.meta.asOfSeq = rows.asOfSeq
    result.answer.meta.notes += rows.notes
    if query.hasWindow, let first = query.cutBuckets.first, first < query.range.lowerBound {
      result.answer.meta.notes.append(
        "the range cuts the first bucket: rows that look back to it see this part of it")
    }
    let corrected = (result.answer.columns.last?.revisions ?? []).count { $0 > 0 }
    if corrected > 0, !query.hasRevision {
      result.answer.meta.notes.append(
        "\(corrected == 1 ? "1 row was" : "\(corrected) rows were") corrected after being final; "
          + "the item revision says how often")
    }
    let origins = rows.plans.map(\.origin.text)
    result.answer.meta.answeredFrom = origins.enumerated()
      .filter { origins.firstIndex(of: $0.element) == $0.offset }.map(\.element)
      .joined(separator: ", and ")
    if let buckets = query.buckets, let last = result.table.timesNs.max() {
      result.answer.meta.lastBucketEndNs = buckets.end(ofBucketStarting: last)
    }
    setRange(&result.answer.meta)
  }

  private func setRange(_ meta: inout Answer.Meta, isCutShort: Bool = false) {
    meta.timeZone = query.zone.name
    meta.rangeNs = query.range
    meta.notes = query.notes + meta.notes
    if let note = query.noteOfData { meta.notes.append(note) }
    if let progress = query.kpi?.progress {
      meta.notes.append("the cells of \(query.name) are filled to \(Int(progress * 100)) %")
    }
    guard !query.hasRange else { return }
    meta.isRangeAssumed = true
    guard let times = query.stream.timesNs else { return }
    meta.rangeNs = times.lowerBound..<times.upperBound.saturatingSubtracting(-1)
    if isCutShort { return }
    meta.notes.append(
      "no time was asked for: all of \(query.stream.name) is taken, from "
        + "\(Timestamp(ns: times.lowerBound)) to \(Timestamp(ns: times.upperBound))")
  }
}

extension BoundQuery {
  /// Says why nothing is there to be found: the data ended before the range, or began after it.
  fileprivate var noteOfData: String? {
    guard hasRange, asOfSeq == nil, !range.isEmpty else { return nil }
    guard let times = stream.timesNs else { return "\(stream.name) has no events yet" }
    if range.lowerBound > times.upperBound {
      return
        "the data of \(stream.name) ends at \(Timestamp(ns: times.upperBound)), before the range"
    }
    if range.upperBound <= times.lowerBound {
      return
        "the data of \(stream.name) begins at \(Timestamp(ns: times.lowerBound)), after the range"
    }
    return nil
  }

  /// Whether the sketches of an item have had few enough values to be exact.
  fileprivate func isExact(_ output: Output, _ values: ValueColumn) -> Bool {
    guard case .input(let index) = output.expression, !aggregates.isEmpty else { return false }
    switch (aggregates[index % aggregates.count].function, values) {
    case (.distinct, .integers(let counts)):
      return counts.allSatisfy { $0 <= AggregateFunction.maxExactDistinct }
    case (.distinct, .numbers(let counts)):
      return counts.allSatisfy { !($0 > Double(AggregateFunction.maxExactDistinct)) }
    case (.top, .values(let values)):
      return values.allSatisfy {
        if case .top(let entries) = $0 { entries.allSatisfy { $0.error == 0 } } else { true }
      }
    default: return false
    }
  }
}

/// The values that rows are sorted by.
struct SortKey {
  /// What a row takes: its value as a double, and its rank beside its place.
  static let rowBytes = 24

  private let isDescending: Bool
  /// When all are numbers that doubles hold.
  private let numbers: [Double]?
  private let values: ValueColumn

  init(_ column: ValueColumn, _ isDescending: Bool) {
    self.isDescending = isDescending
    numbers = column.isOfNumbers && !column.isBeyondDoubles ? column.doubles : nil
    values = column
  }

  /// For each row an integer that sorts as its number does; nil when there are others than such numbers.
  var ranks: [UInt64]? {
    guard let numbers else { return nil }
    return numbers.map { number in
      if number.isNaN { return .max }
      // Adding 0 makes one zero of both. Bits of doubles sort as integers, but for the sign.
      let bits = (number + 0).bitPattern
      let rank = bits >> 63 == 1 ? ~bits : bits | 1 << 63
      return isDescending ? ~rank : rank
    }
  }

  /// NULL is last, whichever way is sorted. Numbers come before texts.
  func order(_ left: Int, _ right: Int) -> ValueOrder {
    let order: ValueOrder
    if let numbers {
      let (a, b) = (numbers[left], numbers[right])
      if a.isNaN || b.isNaN { return Self.absent(a.isNaN, b.isNaN) }
      order = ValueOrder.compare(a, b)
    } else {
      let (a, b) = (values[left], values[right])
      if a.isNull || b.isNull { return Self.absent(a.isNull, b.isNull) }
      let (x, y) = (a.rank, b.rank)
      order = x == y ? ValueOrder.compare(a, b) : x < y ? .less : .more
    }
    guard isDescending else { return order }
    return order == .less ? .more : order == .more ? .less : order
  }

  private static func absent(_ left: Bool, _ right: Bool) -> ValueOrder {
    left && right ? .equal : left ? .more : .less
  }
}

extension QueryValue {
  fileprivate var rank: Int {
    switch self {
    case .null: 4
    case .number, .integer, .unsigned: 0
    case .time: 1
    case .text, .bool: 2
    case .top: 3
    }
  }
}

extension AggregatePlan.Origin {
  var text: String {
    switch self {
    case .cells(let kpi, let version): "cells of KPI \(kpi) version \(version)"
    case .columns: "columns"
    case .cellsAndColumns(let kpi, let version):
      "cells of KPI \(kpi) version \(version) and columns"
    }
  }
}

extension [SortKey] {
  /// Whether row `left` comes before row `right`: those that are equal in all keys stay as they came. O(keys).
  func haveInOrder(_ left: Int, _ right: Int) -> Bool {
    for key in self {
      switch key.order(left, right) {
      case .less: return true
      case .more: return false
      case .equal, .unknown: continue
      }
    }
    return left < right
  }
}
