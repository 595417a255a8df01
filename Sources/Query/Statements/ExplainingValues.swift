import Bytes
import Language
import Model

/// EXPLAIN VALUE: what each row was computed from.
extension StatementRun {
  func values(of select: Select) throws -> Answer {
    let query = try Binder.bind(select, self)
    guard !query.isOfFacts else {
      throw error(
        select.span, "EXPLAIN VALUE is of aggregates: a fact is computed from nothing else",
        hint: "EVENTS FOR shows the documents")
    }
    guard query.fill == nil, query.compare == nil else {
      throw error(select.span, "EXPLAIN VALUE does not go with FILL or COMPARE WITH")
    }
    let result = try execution(query).result()
    var answer = result.answer
    let table = result.table
    let asked = answer.columns.map { Text($0.name) }
    let definition = query.kpi.map { Text("\($0.name) version \($0.version)") }
    answer.columns.append(
      Answer.Column(
        name: OwnColumn.name("definition", of: "row", beside: asked).string, kind: .text,
        values: .texts(Array(repeating: definition, count: table.count))))
    func add(_ name: String, _ values: [Int64]) {
      let name = OwnColumn.name(Text(name), of: "row", beside: asked).string
      answer.columns.append(Answer.Column(name: name, kind: .integer, values: .integers(values)))
    }
    add("facts", table.facts.map { Int64(clamping: $0) })
    add("first_seq", table.firstSeqs.map { Int64(clamping: $0) })
    add("last_seq", table.lastSeqs.map { Int64(clamping: $0) })
    add("revisions", table.revisions.map { Int64($0 ?? 0) })
    for kind in [LedgerKind.late, .duplicate, .rejected] {
      let counts = try ledgerCounts(kind, query, table, &answer.meta)
      add(kind.rawValue, counts)
    }
    answer.meta.notes.append(
      "late, duplicate and rejected are those of the stream in the time of the row, of all groups")
    return answer
  }

  /// Entries of the ledger in the time of each row.
  private func ledgerCounts(
    _ kind: LedgerKind, _ query: BoundQuery, _ table: RowTable, _ meta: inout Answer.Meta
  ) throws -> [Int64] {
    guard let low = table.timesNs.min(), let high = table.timesNs.max() else { return [] }
    let end = query.buckets?.end(ofBucketStarting: high) ?? query.range.upperBound
    var counts: [Int64: Int64] = [:]
    var withoutTime = 0
    var cursor = query.buckets.map { BucketCursor($0) }
    // What has no time is listed by when it came.
    try source.ledger(kind, stream: query.stream.name, .min ..< .max) { entry in
      try checkCancelled()
      if let seq = query.asOfSeq, entry.seq > seq { return true }
      guard let timeNs = entry.timeNs else {
        withoutTime += 1
        return true
      }
      guard timeNs >= low, timeNs < end else { return true }
      counts[cursor?.start(of: timeNs) ?? low, default: 0] += 1
      return true
    }
    if withoutTime > 0 {
      meta.notes.append("\(withoutTime) \(kind.rawValue) without a time are in no row")
    }
    return table.timesNs.map { counts[$0] ?? 0 }
  }
}
