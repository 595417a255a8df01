import Bytes
import EventLog
import Language
import Merkle
import Model
import Query
import Store

/// Writes receipts of answers.
public struct Prover {
  private let store: Store
  private let tree: LogTree

  public init(_ store: Store) { (self.store, tree) = (store, LogTree(store)) }

  /// Answers a query as of the last checkpoint, or of the state that it names itself, and proves it: each row of a KPI by the event
  /// that sealed it, and with `withEvents` by the events behind it. With `previous`, a checkpoint that was kept elsewhere, also that
  /// the log goes on from there.
  ///
  /// Throws ``AuditError`` where that cannot be, and what queries throw.
  public func prove(
    _ text: String, withEvents: Bool = false, previous: SignedNote? = nil, _ options: QueryOptions
  ) throws -> Receipt {
    let engine = QueryEngine(store)
    let statements = try engine.statements(of: text, options)
    guard statements.count == 1, case .select(let select) = statements[0].body else {
      throw AuditError("a receipt is of one SELECT")
    }
    return try prove(select, withEvents: withEvents, previous: previous, options)
  }

  /// The same of a query that was read already.
  public func prove(
    _ query: Select, withEvents: Bool = false, previous: SignedNote? = nil,
    _ options: QueryOptions
  ) throws -> Receipt {
    guard let signed = try tree.lastCheckpoint() else {
      throw AuditError("no checkpoint is signed yet; sign one with: nilo audit sign")
    }
    var select = query
    if select.asOf == nil { select.asOf = .seq(Spanned(signed.size)) }
    var (answer, text) = try run(.select(select), options)
    guard let seq = answer.meta.asOfSeq, seq <= signed.size else {
      throw AuditError(
        "the answer is of more events than the last checkpoint, which has \(signed.size); sign another with: nilo audit sign"
      )
    }
    answer.meta.elapsedSeconds = nil
    let json = try JSONReader.value(AnswerRenderer(.json).bytes(answer))
    let definitions = try definitions(of: select, asOf: seq)
    let seals = try seals(of: json, definitions.kpi, size: signed.size, options)
    let seqs = withEvents ? try events(of: select, rows: answer.rowCount, options) : []
    let ascending = Array(
      Set(
        seqs + seals.compactMap(\.self)
          + [definitions.streamSeq, definitions.kpi?.seq].compactMap(\.self))
    ).sorted()
    let proven = Dictionary(
      uniqueKeysWithValues: try tree.prove(ascending, size: signed.size).map { ($0.leaf.seq, $0) })
    var receipt = Receipt(
      query: text, nowNs: options.nowNs, answer: json, stream: proven[definitions.streamSeq]!,
      kpi: definitions.kpi.map { proven[$0.seq]! }, seals: seals.map { $0.map { proven[$0]! } },
      events: withEvents ? seqs.map { proven[$0]! } : nil, checkpoint: signed.note,
      key: try RecordedKeys(store.log).last.map { "\($0)" } ?? "")
    if let previous { receipt.consistency = try consistency(from: previous, to: signed.size) }
    return receipt
  }

  private func run(_ body: Statement.Body, _ options: QueryOptions) throws -> (Answer, String) {
    let text = Statement(body).canonicalText
    let engine = QueryEngine(store)
    let statement = try engine.statements(of: text, options)[0]
    return (try engine.run(statement, of: text, options), text)
  }

  private func consistency(
    from previous: SignedNote, to size: UInt64
  ) throws -> (size: UInt64, path: [TreeHash]) {
    let earlier = try Checkpoint(text: previous.text).size
    guard earlier <= size else {
      throw AuditError("the earlier checkpoint has \(earlier) events, and the last one \(size)")
    }
    return (earlier, try tree.tree(ofSize: size).consistencyPath(from: earlier))
  }

  // MARK: Definitions

  private struct Definitions {
    var streamSeq: UInt64
    var kpi: KpiInfo?
  }

  /// The events that the definitions are, which were in force.
  private func definitions(of select: Select, asOf seq: UInt64) throws -> Definitions {
    let name = select.from.text
    let versions = try store.kpis(asOf: seq).filter { $0.name == name && !$0.isDropped }
    let kpi = versions.first { kpi in
      select.version.map { kpi.version == $0.value } ?? kpi.isActive
    }
    let stream = kpi?.stream ?? name
    let defined = try store.log.catalogueDocuments().last {
      $0.seq <= seq && StreamDefinition($0)?.name == stream
    }
    guard let defined else {
      throw AuditError(
        "\(name) is none of the streams of users, and no KPI over one: there is no definition to prove"
      )
    }
    return Definitions(streamSeq: defined.seq, kpi: kpi)
  }

  // MARK: Seals and events

  /// Of each row the last event that has sealed it. O(events of `_seals` of these buckets), or of the KPI where there are many.
  private func seals(
    of answer: JSONValue, _ kpi: KpiInfo?, size: UInt64, _ options: QueryOptions
  ) throws -> [UInt64?] {
    let rows = try AnswerRows(answer)
    var found: [UInt64?] = Array(repeating: nil, count: rows.rows.count)
    guard let kpi, !found.isEmpty else { return found }
    var byBucket: [Int64: [Int]] = [:]
    for row in found.indices {
      if let bucketNs = rows.bucketNs(ofRow: row) { byBucket[bucketNs, default: []].append(row) }
    }
    guard !byBucket.isEmpty else { return found }
    var text =
      "EVENTS FOR SELECT kpi FROM _seals WHERE seal = 'row' AND definition_seq = \(kpi.seq)"
    if byBucket.count <= Self.maxNamedBuckets {
      let list = byBucket.keys.sorted().map { "'\(Timestamp(ns: $0))'" }.joined(separator: ", ")
      text += " AND bucket IN (\(list))"
    }
    text += " LIMIT \(options.limits.maxRows) AS OF SEQ \(size)"
    let answer = try QueryEngine(store).run(text, options)[0]
    let seqs = answer.columns[0].values.exact
    guard case .texts(let documents) = answer.columns[3].values else { return found }
    for (number, document) in zip(seqs, documents) {
      guard case .signed(let seq)? = number?.form, let document,
        let seal = Seal(Array(document.utf8))
      else { continue }
      for row in byBucket[seal.bucketNs] ?? [] where rows.isRow(row, of: seal) {
        found[row] = max(found[row] ?? 0, UInt64(seq))
      }
    }
    return found
  }

  /// More buckets are not named to the query for seals: all of the KPI are read.
  private static let maxNamedBuckets = 200

  /// The events behind the rows, ascending.
  private func events(
    of query: Select, rows: Int, _ options: QueryOptions
  ) throws -> [UInt64] {
    var select = query
    // All of a stream's events are asked for by a number of rows only; here these are known.
    if select.range == nil, select.limit == nil { select.limit = Limit(max(rows, 1)) }
    let answer = try run(.eventsFor(select), options).0
    return answer.columns[0].values.exact.compactMap { number in
      guard case .signed(let seq)? = number?.form else { return nil }
      return UInt64(seq)
    }
  }
}
