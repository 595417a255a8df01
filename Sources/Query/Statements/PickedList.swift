import Language
import Model

/// A list of which WHERE, ORDER BY and LIMIT pick rows. Rows are tested many at a time.
struct PickedList {
  private let run: StatementRun
  private let columns: KeyValuePairs<String, Answer.Column.Kind>
  private let condition: RowCondition?
  /// The columns that it is sorted by.
  private let order: [(column: Int, isDescending: Bool)]
  private let limit: Int
  private var batch: [[QueryValue]] = []
  private var rows: [[QueryValue]] = []
  private var hasMore = false

  private static let batchRows = 4_096

  init(
    _ columns: KeyValuePairs<String, Answer.Column.Kind>, _ show: Show, _ run: StatementRun
  ) throws {
    (self.columns, self.run) = (columns, run)
    limit = show.limit?.rows ?? run.options.limits.maxRows
    do throws(LanguageError.Issue) {
      let columns = ListCondition(columns: columns, options: run.options)
      condition = try show.filter.map { filter throws(LanguageError.Issue) in
        try columns.condition(filter)
      }
      order = try show.orderBy.map { key throws(LanguageError.Issue) in
        (try columns.column(of: key), key.isDescending)
      }
    } catch {
      throw LanguageError(issues: [error], text: run.text)
    }
  }

  /// Adds a row, one value for each column, if it is picked; false when there is no room for more.
  @discardableResult
  mutating func add(_ row: QueryValue...) throws -> Bool { try add(row) }

  @discardableResult
  mutating func add(_ row: [QueryValue]) throws -> Bool {
    try run.checkCancelled()
    batch.append(row)
    // Without a condition each row is taken at once, so that a small LIMIT reads no further.
    if condition == nil || batch.count == Self.batchRows { try pick() }
    return !hasMore
  }

  private mutating func pick() throws {
    let kept: [[QueryValue]]
    if let condition {
      var table = RowTable()
      table.timesNs = Array(repeating: 0, count: batch.count)
      table.inputs = (0..<columns.count).map { column in .values(batch.map { $0[column] }) }
      let evaluator = Evaluator(table: table, groupKinds: [], zone: .utc)
      let truths = try ConditionMask(evaluator: evaluator).truths(condition)
      kept = batch.indices.filter { truths[$0] == .yes }.map { batch[$0] }
    } else {
      kept = batch
    }
    batch = []
    if !order.isEmpty {
      // The first ones may come last.
      rows += kept
      if rows.count > run.options.limits.maxRows {
        throw QueryLimitError(
          "more than \(run.options.limits.maxRows) rows to sort; pick some with WHERE or a range, or "
            + "raise \(run.options.limits.names.rows)")
      }
      return
    }
    let free = limit - rows.count
    rows += kept.prefix(free)
    if kept.count > free { hasMore = true }
  }

  /// Rows that are equal stay as they came.
  private mutating func sort() throws {
    let keys = order.map { key in
      SortKey(.values(rows.map { $0[key.column] }), key.isDescending)
    }
    var comparisons = 0
    let places = try rows.indices.sorted { left, right in
      comparisons += 1
      try Cancellation.check(at: comparisons)
      return keys.haveInOrder(left, right)
    }
    rows = places.map { rows[$0] }
  }

  mutating func answer() throws -> Answer {
    try pick()
    if !order.isEmpty {
      try sort()
      hasMore = rows.count > limit
      rows = Array(rows.prefix(limit))
    }
    var answer = Answer(
      columns: columns.enumerated().map { index, column in
        Answer.Column(
          name: column.key, kind: column.value, values: .values(rows.map { $0[index] }))
      })
    answer.meta.asOfSeq = run.catalogue.lastSeq
    if hasMore { answer.meta.notes.append("there are more") }
    return answer
  }
}
