import Asking
import Bytes
import EventLog
import LMDB
import Language
import Model

extension FactsRequest {
  fileprivate var paths: Set<Text> {
    Set(fields).union(filter?.fields.map(\.path) ?? [])
  }
}

extension Projections {
  /// Calls `body` with the facts that are asked for, block by block in the order of the log, until it returns false.
  /// Each block is read in a transaction of its own, so a slow `body` holds nothing up. O(facts of the blocks that
  /// overlap the range).
  public func forEachFacts(_ query: FactsRequest, _ body: (FactBatch) throws -> Bool) throws {
    let selection = FactSelection(
      times: query.range == .min ..< .max ? nil : [query.range], afterSeq: query.afterSeq,
      lastSeq: query.asOfSeq)
    let filter = try query.filter.map { try FactFilter($0) }
    let log = self.log
    let (stream, blocks) = try log.environment.read { transaction in
      let stream = try log.stream(named: query.stream, transaction)
      try log.requireFacts(of: stream, asOf: query.asOfSeq ?? .max)
      return (stream, try selection.blocks(of: stream, log, transaction))
    }
    let found = try OrderedWork(count: blocks.count, for: .query) { index -> FactBatch? in
      try log.environment.read { transaction in
        let block = blocks[index]
        let columns = try FactColumns(
          log.facts(of: block, stream, paths: query.paths, transaction))
        return try Self.rows(columns, query, filter, selection.within(block))
      }
    }
    defer { found.stop() }
    for _ in blocks.indices {
      if query.isCancelled() { throw CancellationError() }
      let rows = try found.next()
      log.releaseMemory(above: Self.maxScannedFileBytes)
      if let rows, try !body(rows) { return }
    }
  }

  private static func rows(
    _ columns: FactColumns, _ query: FactsRequest, _ filter: FactFilter?,
    _ selection: FactSelection
  ) throws -> FactBatch? {
    var chosen: [Int] = []
    if let mask = try selection.mask(filter, columns) {
      for fact in mask.indices where mask[fact] { chosen.append(fact) }
    } else {
      chosen = Array(0..<columns.count)
    }
    if chosen.isEmpty { return nil }
    let times = try columns.times()
    return FactBatch(
      seqs: chosen.map { columns.places.seq($0) }, timesNs: chosen.map { times[$0] },
      fields: try query.fields.map { try field($0, columns, chosen) })
  }

  private static func field(
    _ path: Text, _ columns: FactColumns, _ chosen: [Int]
  ) throws -> ValueColumn {
    let presence = try columns.presence(path)
    let numbers = try columns.numbers(path)
    if presence == .none { return .numbers(Array(repeating: .nan, count: chosen.count)) }
    if presence == numbers.presence {
      if !numbers.numbers.isEmpty {
        return .exact(chosen.map { numbers.presence[$0] ? numbers.numbers[$0] : nil })
      }
      return .numbers(chosen.map { numbers.presence[$0] ? numbers.values[$0] : .nan })
    }
    let labels = try columns.labels(path)
    var names = [Text?](repeating: nil, count: labels.names.count)
    let texts = chosen.map { fact -> Text? in
      let code = labels.codes.isEmpty ? -1 : Int(labels.codes[fact])
      if code >= 0, names[code] == nil {
        names[code] = Text(decoding: labels.names[code])
      }
      return code < 0 ? nil : names[code]
    }
    let booleans = try columns.booleans(path)
    guard booleans != .none || numbers.presence != .none else { return .texts(texts) }
    // What a value is must not depend on the others in its block.
    return .values(
      zip(chosen, texts).map { fact, text in
        if numbers.presence[fact] { return QueryValue(numbers.number(fact)) }
        guard let text else { return .null }
        return booleans[fact] ? .bool(text == "true") : .text(text)
      })
  }

  /// The last event that had been received by then; 0 when there was none. O(log n) blocks are looked at, and those of
  /// one more step, since the clock may have been set back.
  public func seq(receivedBy timeNs: Int64) throws -> UInt64 {
    try log.seq(receivedBy: timeNs)
  }
}
