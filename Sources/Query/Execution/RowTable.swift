import Bytes
import Model

/// Rows that an answer is made of, as columns: by time and then by group.
struct RowTable {
  var timesNs: [Int64] = []
  /// Each row's place in `groups`.
  var groupOfRow: [Int32] = []
  var groups: [[Text?]] = []
  /// Aggregates, or fields of facts.
  var inputs: [ValueColumn] = []
  /// What inputs were made to, when gaps are filled.
  var leaves: [ValueColumn] = []
  /// Empty for facts.
  var facts: [UInt64] = []
  /// Of a fact its event.
  var firstSeqs: [UInt64] = []
  var lastSeqs: [UInt64] = []
  /// Times that each row was corrected after it was final; nil when it is not known, as of rows that were not computed
  /// from cells.
  var revisions: [UInt32?] = []
  var states: [RowState] = []

  var count: Int { timesNs.count }

  /// What its rows take of memory at least.
  var bytes: Int {
    timesNs.count * 8 + groupOfRow.count * 4 + states.count + revisions.count * 8
      + (facts.count + firstSeqs.count + lastSeqs.count) * 8
      + inputs.reduce(0) { $0 + $1.bytes } + leaves.reduce(0) { $0 + $1.bytes }
  }

  init() {}

  init(_ result: AggregateResult, _ query: BoundQuery) {
    (timesNs, groupOfRow, groups) = (result.timesNs, result.groupOfRow, result.groups)
    inputs = result.values
    (facts, firstSeqs, lastSeqs) = (result.facts, result.firstSeqs, result.lastSeqs)
    let cut = query.cutBuckets
    states = result.isFinal.indices.map { row in
      if cut.contains(result.timesNs[row]) { return .partial }
      return result.isFinal[row] ? .final : .provisional
    }
    revisions = result.revisions.indices.map { row in
      result.plan.origin.knowsRevision(of: states[row], query.asOfSeq != nil)
        ? result.revisions[row] : nil
    }
  }

  /// The rows of each group, in the order of time.
  var rowsByGroup: [[Int]] {
    var rows = [[Int]](repeating: [], count: groups.count)
    for row in 0..<count { rows[Int(groupOfRow[row])].append(row) }
    return rows
  }

  /// Adds rows of the same inputs that come after all of these in time.
  mutating func append(_ later: RowTable) {
    let codes = merge(groups: later.groups)
    timesNs += later.timesNs
    groupOfRow += later.groupOfRow.map { codes[Int($0)] }
    if inputs.isEmpty {
      inputs = later.inputs
    } else {
      for index in inputs.indices { inputs[index].append(later.inputs[index]) }
    }
    facts += later.facts
    firstSeqs += later.firstSeqs
    lastSeqs += later.lastSeqs
    revisions += later.revisions
    states += later.states
  }

  /// Adds the groups that are new; for each of `others` its place here.
  mutating func merge(groups others: [[Text?]]) -> [Int32] {
    if others == groups { return Array(0..<Int32(groups.count)) }
    var known: [[Text?]: Int32] = [:]
    for (code, group) in groups.enumerated() { known[group] = Int32(code) }
    return others.map { group in
      if let code = known[group] { return code }
      let code = Int32(groups.count)
      known[group] = code
      groups.append(group)
      return code
    }
  }

  /// For each group its place in the order of labels, NULL last.
  var groupRanks: [Int32] {
    var ranks = [Int32](repeating: 0, count: groups.count)
    let order = groups.indices.sorted { Self.precedes(groups[$0], groups[$1]) }
    for (rank, code) in order.enumerated() { ranks[code] = Int32(rank) }
    return ranks
  }

  private static func precedes(_ left: [Text?], _ right: [Text?]) -> Bool {
    for (a, b) in zip(left, right) where a != b {
      guard let a else { return false }
      guard let b else { return true }
      return a < b
    }
    return false
  }

  /// Brings rows in the order of time and groups.
  mutating func sort() throws {
    let ranks = groupRanks
    let (timesNs, groupOfRow) = (timesNs, groupOfRow)
    var comparisons = 0
    let order = try (0..<count).sorted { left, right in
      comparisons += 1
      try Cancellation.check(at: comparisons)
      if timesNs[left] != timesNs[right] { return timesNs[left] < timesNs[right] }
      return ranks[Int(groupOfRow[left])] < ranks[Int(groupOfRow[right])]
    }
    gather(order)
  }

  /// Keeps the rows at `places`, in that order.
  mutating func gather(_ places: [Int]) {
    timesNs = places.map { timesNs[$0] }
    groupOfRow = places.map { groupOfRow[$0] }
    inputs = inputs.map { $0.gather(places) }
    leaves = leaves.map { $0.gather(places) }
    if !facts.isEmpty { facts = places.map { facts[$0] } }
    if !firstSeqs.isEmpty { firstSeqs = places.map { firstSeqs[$0] } }
    if !lastSeqs.isEmpty { lastSeqs = places.map { lastSeqs[$0] } }
    if !revisions.isEmpty { revisions = places.map { revisions[$0] } }
    if !states.isEmpty { states = places.map { states[$0] } }
  }

  /// The labels of one dimension, as numbers where `kind` says so.
  func labels(_ dimension: Int, _ kind: ValueKind) -> ValueColumn {
    if kind == .number {
      let numbers = groups.map { $0[dimension].flatMap { Number(decimal: $0.string) } }
      return ValueColumn(exact: groupOfRow.map { numbers[Int($0)] })
    }
    let texts = groups.map { $0[dimension] }
    return .texts(groupOfRow.map { texts[Int($0)] })
  }
}

extension AggregatePlan.Origin {
  /// Whether a row has its revision from cells: a part of a bucket is computed from columns, and so are buckets that have
  /// changed since an earlier state.
  fileprivate func knowsRevision(of state: RowState, _ isAsOf: Bool) -> Bool {
    switch self {
    case .cells: true
    case .columns: false
    case .cellsAndColumns: state != .partial && !isAsOf
    }
  }
}
