import Bytes
import Language
import Model

/// The rows of two versions of a KPI side by side, where they differ.
struct VersionJoin {
  private let queries: [BoundQuery]
  private let rows: [AggregateRows.Rows]
  private let budget: MemoryBudget
  /// Both tables in one: the inputs of the first version and then those of the second.
  private var table: RowTable
  /// Where the rows of each version are in the table; -1 where there is none.
  private var places: [[Int]] = [[], []]

  private struct Key: Hashable {
    var timeNs: Int64
    var group: Int32
  }

  /// What a row takes in the joined table: time, group, its key, and its places in both.
  private static let rowBytes = 12 + 2 * MemoryLayout<Key>.stride + 8 + 16

  /// O(rows). What it takes is counted, beside the rows of both versions.
  init(
    _ queries: [BoundQuery], _ rows: [AggregateRows.Rows], _ budget: MemoryBudget
  ) throws {
    (self.queries, self.rows, self.budget) = (queries, rows, budget)
    let count = rows.reduce(0) { $0 + $1.table.count }
    try budget.take(count * Self.rowBytes, for: "COMPARE KPI")
    table = RowTable()
    var known: [Key: Int] = [:]
    for (side, rows) in rows.enumerated() {
      let codes = table.merge(groups: rows.table.groups)
      for row in 0..<rows.table.count {
        try Cancellation.check(at: row)
        let key = Key(
          timeNs: rows.table.timesNs[row], group: codes[Int(rows.table.groupOfRow[row])])
        if let place = known[key] {
          places[side][place] = row
          continue
        }
        known[key] = table.count
        table.timesNs.append(key.timeNs)
        table.groupOfRow.append(key.group)
        places[side].append(row)
        places[1 - side].append(-1)
      }
    }
  }

  func answer(limit: Int) throws -> Answer {
    let values = try [0, 1].map { side -> [ValueColumn] in
      let evaluator = Evaluator(
        table: rows[side].table, groupKinds: queries[side].groups.map(\.kind),
        zone: queries[side].zone, budget: budget)
      return try queries[side].outputs.map { output in
        try budget.keeping(\.bytes, for: "COMPARE KPI") {
          try evaluator.column(output.expression).gather(optional: places[side])
        }
      }
    }
    let names = [0, 1].map { side in queries[side].outputs.map(\.name) }
    let common = names[0].filter(names[1].contains)
    var differing: [Int] = []
    var (both, inOne) = (0, [0, 0])
    for row in 0..<table.count {
      try Cancellation.check(at: row)
      if places[0][row] < 0 || places[1][row] < 0 {
        inOne[places[0][row] < 0 ? 1 : 0] += 1
        differing.append(row)
        continue
      }
      both += 1
      let isSame = common.allSatisfy { name in
        guard let first = names[0].firstIndex(of: name), let second = names[1].firstIndex(of: name)
        else { return true }
        return Self.isSame(values[0][first][row], values[1][second][row])
      }
      if !isSame { differing.append(row) }
    }
    let differingInBoth = differing.count - inOne[0] - inOne[1]
    var answer = Answer(columns: columns(try sorted(differing), limit, names, values))
    if differing.count > limit { answer.meta.rowsBeforeLimit = differing.count }
    describe(&answer.meta)
    answer.meta.notes += [
      "\(both - differingInBoth == 1 ? "1 row is" : "\(both - differingInBoth) rows are") equal and "
        + "left out; \(differingInBoth) \(differingInBoth == 1 ? "differs" : "differ"), "
        + "\(inOne[0]) \(inOne[0] == 1 ? "is" : "are") only of version \(version(0)), "
        + "\(inOne[1]) only of version \(version(1))"
    ]
    if common.isEmpty { answer.meta.notes.append("no item has the same name in both versions") }
    return answer
  }

  /// By time and group.
  private func sorted(_ rows: [Int]) throws -> [Int] {
    let ranks = table.groupRanks
    var comparisons = 0
    return try rows.sorted { left, right in
      comparisons += 1
      try Cancellation.check(at: comparisons)
      if table.timesNs[left] != table.timesNs[right] {
        return table.timesNs[left] < table.timesNs[right]
      }
      return ranks[Int(table.groupOfRow[left])] < ranks[Int(table.groupOfRow[right])]
    }
  }

  private static func isSame(_ left: QueryValue, _ right: QueryValue) -> Bool {
    if left.isNull || right.isNull { return left.isNull && right.isNull }
    if let left = left.number, let right = right.number { return left == right }
    return left == right
  }

  private func version(_ side: Int) -> Int { queries[side].kpi?.version ?? 0 }

  private func columns(
    _ differing: [Int], _ limit: Int, _ names: [[Text]], _ values: [[ValueColumn]]
  ) -> [Answer.Column] {
    let shown = Array(differing.prefix(limit))
    var table = table
    table.gather(shown)
    let time = OwnColumn.name("time", beside: queries[0].groups.map(\.name))
    var columns = [Answer.Column(name: time.string, kind: .time, values: .times(table.timesNs))]
    for (index, group) in queries[0].groups.enumerated() {
      columns.append(
        Answer.Column(
          name: group.name.string, kind: group.kind.columnKind,
          values: table.labels(index, group.kind)))
    }
    for name in names[0] + names[1].filter({ !names[0].contains($0) }) {
      for side in 0...1 {
        guard let index = names[side].firstIndex(of: name) else { continue }
        let output = queries[side].outputs[index]
        columns.append(
          Answer.Column(
            name: "\(name) (version \(version(side)))", kind: output.kind.columnKind,
            errorBound: output.errorBound, values: values[side][index].gather(shown)))
      }
      if let difference = difference(name, names, values, shown) { columns.append(difference) }
    }
    return columns
  }

  /// The second version less the first, of an item of numbers that both have.
  private func difference(
    _ name: Text, _ names: [[Text]], _ values: [[ValueColumn]], _ shown: [Int]
  ) -> Answer.Column? {
    guard let first = names[0].firstIndex(of: name), let second = names[1].firstIndex(of: name),
      queries[0].outputs[first].kind.isNumber, queries[1].outputs[second].kind.isNumber
    else { return nil }
    let old = values[0][first].gather(shown).doubles
    let new = values[1][second].gather(shown).doubles
    return Answer.Column(
      name: "\(name) (difference)", kind: .number,
      values: .numbers(old.indices.map { new[$0] - old[$0] }))
  }

  private func describe(_ meta: inout Answer.Meta) {
    meta.rangeNs = queries[0].range
    meta.timeZone = queries[0].zone.name
    meta.watermarkNs = rows[0].watermarkNs
    meta.asOfSeq = rows.map(\.asOfSeq).min()
    meta.answeredFrom = rows.flatMap(\.plans).map(\.origin.text).joined(separator: ", and ")
  }
}
