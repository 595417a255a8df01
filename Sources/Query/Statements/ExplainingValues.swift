import Bytes
import Language
import Model

/// EXPLAIN VALUE: what each row was computed from.
extension StatementRun {
  func boundForValues(_ select: Select) throws -> BoundQuery {
    let query = try Binder.bind(select, self)
    guard !query.isOfFacts else {
      throw error(
        select.span, "EXPLAIN VALUE is of aggregates: a fact is computed from nothing else",
        hint: "EVENTS FOR shows the documents")
    }
    try checkSources(of: query, select, "EXPLAIN VALUE")
    return query
  }

  func values(of select: Select) throws -> Answer {
    let query = try boundForValues(select)
    let result = try execution(query).result()
    var answer = result.answer
    let table = result.table
    let asked = answer.columns.map { Text($0.name) }
    let definition = query.kpi.map { Text("\($0.name) version \($0.version)") }
    answer.columns.append(
      Answer.Column(
        name: OwnColumn.name("definition", of: "row", beside: asked).string, kind: .text,
        values: .texts(Array(repeating: definition, count: table.count))))
    func add(_ name: String, _ values: ValueColumn) {
      let name = OwnColumn.name(Text(name), of: "row", beside: asked).string
      answer.columns.append(Answer.Column(name: name, kind: .integer, values: values))
    }
    let origins = try origins(query, table, asOf: answer.meta.asOfSeq)
    add("facts", .integers(origins.facts))
    add("first_seq", .integers(origins.firstSeqs.map { Int64(clamping: $0 == .max ? 0 : $0) }))
    add("last_seq", .integers(origins.lastSeqs.map { Int64(clamping: $0) }))
    // Only cells know how often a row was corrected.
    add("revisions", .numbers(table.revisions.map { $0.map { Double($0) } ?? .nan }))
    add("late", .integers(origins.late))
    add("duplicate", .integers(origins.duplicates))
    if let note = try noteOfRejected(query) { answer.meta.notes.append(note) }
    return answer
  }

  private func origins(
    _ query: BoundQuery, _ table: RowTable, asOf seq: UInt64?
  ) throws -> Origins {
    var origins = Origins(count: table.count)
    let nextNs = try nextReceivedNs(query)
    try store.ledger(.late, stream: query.stream.name, pages: catalogue.ledgerPages) { entry in
      try checkCancelled()
      if let seq = entry.seq { origins.ledger.late.insert(seq) }
      return true
    }
    // A duplicate repeats the event that is kept, and belongs where that is.
    try store.ledger(.duplicate, stream: query.stream.name, pages: catalogue.ledgerPages) {
      entry in
      try checkCancelled()
      if let nextNs, entry.receivedNs >= nextNs { return true }
      if let seq = entry.seq { origins.ledger.duplicates[seq, default: 0] += 1 }
      return true
    }
    try store.contributions(query.contributions(table, asOf: seq, options)) { batch in
      try checkCancelled()
      origins.add(batch)
    }
    return origins
  }

  /// When the event came that ended the state which is asked about; nil for the state now. What is no event has no seq: it is
  /// of the state before the next event, so that a state stays what it was when that comes.
  private func nextReceivedNs(_ query: BoundQuery) throws -> Int64? {
    try query.asOfSeq.flatMap { try store.receivedNs(ofSeq: $0 + 1) }
  }

  /// A document that was rejected has no time and no group.
  private func noteOfRejected(_ query: BoundQuery) throws -> String? {
    let nextNs = try nextReceivedNs(query)
    var count = 0
    try store.ledger(.rejected, stream: query.stream.name, pages: catalogue.ledgerPages) { entry in
      try checkCancelled()
      if nextNs.map({ entry.receivedNs < $0 }) ?? true { count += 1 }
      return true
    }
    if count == 0 { return nil }
    let what = count == 1 ? "1 document was" : "\(count) documents were"
    return "\(what) rejected, without a time, and \(count == 1 ? "is" : "are") in no row: "
      + "SHOW REJECTED FROM \(Name(query.stream.name).canonicalText)"
  }
}

/// What is counted for each row.
private struct Origins {
  struct Ledger {
    var late: Set<UInt64> = []
    /// How often each event came again.
    var duplicates: [UInt64: Int64] = [:]
  }

  /// An event that is on the ledger, in a row: it counts once, however many facts it has there.
  private struct Noted: Hashable {
    var row: Int32
    var seq: UInt64
  }

  var ledger = Ledger()
  private(set) var facts: [Int64]
  private(set) var firstSeqs: [UInt64]
  private(set) var lastSeqs: [UInt64]
  private(set) var late: [Int64]
  private(set) var duplicates: [Int64]
  private var noted: Set<Noted> = []

  init(count: Int) {
    (facts, late) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count))
    duplicates = Array(repeating: 0, count: count)
    firstSeqs = Array(repeating: .max, count: count)
    lastSeqs = Array(repeating: 0, count: count)
  }

  mutating func add(_ batch: ContributionBatch) {
    for (number, seq) in zip(batch.rows, batch.seqs) {
      let row = Int(number)
      facts[row] += 1
      firstSeqs[row] = min(firstSeqs[row], seq)
      lastSeqs[row] = max(lastSeqs[row], seq)
      let isLate = ledger.late.contains(seq)
      let count = ledger.duplicates[seq] ?? 0
      guard isLate || count > 0, noted.insert(Noted(row: number, seq: seq)).inserted else {
        continue
      }
      if isLate { late[row] += 1 }
      duplicates[row] += count
    }
  }
}
