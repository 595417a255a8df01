import Bytes
import LMDB
import Model
import Zstd

/// The facts of one block as columns, each read when it is asked for.
package struct BlockFacts {
  package let block: StoredBlock
  package let stream: EventStream
  package let source: String
  package let receivedNs: Int64
  /// How far the source's event time had got with the block; nil while no event counted.
  package let reachNs: Int64?
  private let reader: BlockReader
  private let columns: [ColumnInfo]
  /// Facts of each event, when that is not one.
  private let factCounts: [Int64]

  package var factCount: Int { block.factCount }

  init(_ reader: BlockReader, _ stream: EventStream) throws {
    self.reader = reader
    self.stream = stream
    block = StoredBlock(reader.header)
    source = reader.header.source
    receivedNs = reader.header.receivedNs
    reachNs = reader.header.reachNs
    columns = stream.schema.snapshot().columns
    factCounts = reader.header.isExploded ? try reader.integers(.factCounts) : []
  }

  package var arrival: BlockArrival {
    BlockArrival(source: source, receivedNs: receivedNs, reachNs: reachNs)
  }

  /// The time of each fact.
  package func times() throws -> [Int64] {
    try reader.times(reader.header.isExploded ? .factTimes : .times)
  }

  /// The event of each fact, counted from the block's first; nil when each event is one fact.
  package func events() -> [Int32]? {
    if factCounts.isEmpty { return nil }
    var events: [Int32] = []
    events.reserveCapacity(factCount)
    for (event, count) in factCounts.enumerated() {
      events.append(contentsOf: repeatElement(Int32(event), count: Int(count)))
    }
    return events
  }

  /// The physical columns at `path`, those of wanted kinds, spread to facts.
  func physical(
    _ path: String, where isWanted: (SlotKind) -> Bool
  ) throws -> [ColumnValues] {
    var found: [ColumnValues] = []
    for (number, info) in columns.enumerated() where info.path.isPath(path) && isWanted(info.kind) {
      guard let column = try reader.column(Int32(number), info) else { continue }
      let isOfFacts = info.isElement || factCounts.isEmpty
      found.append(isOfFacts ? column : column.spread(factCounts))
    }
    return found
  }

  /// The numbers at `path`. O(facts).
  package func numbers(_ path: String) throws -> FactNumbers {
    let columns = try physical(path) { $0 == .number || $0 == .real }
    guard let first = columns.first else { return FactNumbers(values: [], presence: nil) }
    if columns.count == 1 && first.presence.isEmpty {
      return FactNumbers(values: first.doubles, presence: [])
    }
    var values = [Double](repeating: 0, count: factCount)
    var presence = [UInt64](repeating: 0, count: (factCount + 63) / 64)
    for column in columns {
      let dense = column.doubles
      var next = 0
      for fact in 0..<factCount where column.isPresent(fact) {
        values[fact] = dense[next]
        presence[fact >> 6] |= 1 << UInt64(fact & 63)
        next += 1
      }
    }
    return FactNumbers(values: values, presence: presence)
  }

  /// The values at `path` as text, each distinct one once. O(facts).
  package func labels(_ path: String) throws -> FactLabels {
    let columns = try physical(path) { $0 != .opaque }
    if columns.count == 1, let column = columns.first, column.presence.isEmpty,
      column.kind == .string, column.strings.isDictionary,
      // With escapes two entries can be one text.
      !column.strings.bytes.contains(JSONText.backslash)
    {
      return FactLabels(codes: column.strings.codes, names: column.entries)
    }
    var labels = FactLabels(codes: Array(repeating: -1, count: factCount), names: ByteStrings())
    var codes: [[UInt8]: Int64] = [:]
    for column in columns {
      var next = 0
      for fact in 0..<factCount where column.isPresent(fact) {
        let text = column.label(next)
        next += 1
        if let code = codes[text] {
          labels.codes[fact] = code
        } else {
          labels.codes[fact] = Int64(labels.names.count)
          codes[text] = labels.codes[fact]
          labels.names.append(text)
        }
      }
    }
    return labels
  }

  /// Which facts have true or false at `path`: one bit each; nil when none has.
  package func booleans(_ path: String) throws -> [UInt64]? {
    let columns = try physical(path) { $0 == .bool }
    if columns.isEmpty { return nil }
    var presence = [UInt64](repeating: 0, count: (factCount + 63) / 64)
    for column in columns {
      for fact in 0..<factCount where column.isPresent(fact) {
        presence[fact >> 6] |= 1 << UInt64(fact & 63)
      }
    }
    return presence
  }

  /// Which facts have a value of any kind at `path`: one bit each; empty when all have, nil when none has.
  package func presence(_ path: String) throws -> [UInt64]? {
    // Of columns that have but one value for each fact no value is decoded.
    var found: [[UInt64]] = []
    for (number, info) in columns.enumerated() where info.path.isPath(path) {
      if info.isElement || factCounts.isEmpty {
        guard let presence = try reader.presence(Int32(number), info) else { continue }
        found.append(presence)
      } else if let column = try reader.column(Int32(number), info) {
        found.append(column.spread(factCounts).presence)
      }
    }
    guard !found.isEmpty else { return nil }
    if found.contains(where: \.isEmpty) { return [] }
    var presence = [UInt64](repeating: 0, count: (factCount + 63) / 64)
    for one in found {
      for index in presence.indices { presence[index] |= one[index] }
    }
    return presence
  }
}

/// Numbers of facts.
package struct FactNumbers: Sendable {
  /// One for each fact; what stands where there is no number means nothing. Empty when no fact has one.
  package var values: [Double]
  /// One bit for each fact that has a number; empty when all have, nil when none has.
  package var presence: [UInt64]?

  package init(values: [Double], presence: [UInt64]?) {
    (self.values, self.presence) = (values, presence)
  }
}

/// Texts of facts.
package struct FactLabels: Sendable {
  /// For each fact the place of its text in `names`, or -1.
  package var codes: [Int64]
  package var names: ByteStrings

  package init(codes: [Int64], names: ByteStrings) { (self.codes, self.names) = (codes, names) }
}

extension ColumnValues {
  /// The numbers of a numeric column.
  fileprivate var doubles: [Double] {
    kind == .number ? numbers.doubles : integers.map { Double(bitPattern: UInt64(bitPattern: $0)) }
  }

  /// The texts of a dictionary that has no escapes.
  fileprivate var entries: ByteStrings { ByteStrings(bytes: strings.bytes, ends: strings.ends) }

  /// The value as a label: numbers that are equal are one label, however they were written.
  fileprivate func label(_ index: Int) -> [UInt8] {
    guard kind == .number || kind == .real else { return text(index) }
    let number = double(index)
    let isWhole = number.magnitude < 1e15 && number == number.rounded()
    return Array((isWhole ? String(Int64(number)) : String(number)).utf8)
  }
}

extension EventLog {
  /// How far a stream's event time has got, how many facts it has, and the log's last event.
  package func position(
    of stream: String, _ transaction: borrowing ReadTransaction
  ) throws -> (watermarkNs: Int64?, facts: UInt64, lastSeq: UInt64) {
    let id = try self.stream(named: stream, transaction).definition.id
    let value = try transaction.get(tables.totals, Key().appending(id))
    let totals = if let value { try StreamTotals(value) } else { StreamTotals() }
    let lastSeq = try LogHead.read(tables, transaction).nextSeq - 1
    return (totals.watermarkNs, totals.facts, lastSeq)
  }

  /// The least and the greatest time of a stream's facts; nil when it has none.
  package func times(
    of stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> ClosedRange<Int64>? {
    let key = Key().appending(stream.definition.id)
    guard let value = try transaction.get(tables.totals, key) else { return nil }
    let totals = try StreamTotals(value)
    return totals.facts > 0 ? totals.minTimeNs...totals.maxTimeNs : nil
  }

  /// The stream's next blocks after event `seq`, at most `limit`.
  package func blocks(
    of stream: EventStream, after seq: UInt64, limit: Int, _ transaction: borrowing ReadTransaction
  ) throws -> [StoredBlock] {
    try store.summaries(
      ofStream: stream.definition.id, from: seq + 1, limit: limit, transaction
    ).map(StoredBlock.init)
  }

  /// What a stored block says of its source, without its facts: the header is all that is read.
  package func arrival(
    of block: StoredBlock, _ transaction: borrowing ReadTransaction
  ) throws -> BlockArrival {
    let header = try store.header(block.firstSeq, transaction).header
    return BlockArrival(
      source: header.source, receivedNs: header.receivedNs, reachNs: header.reachNs)
  }

  /// The facts of a stored block. With `paths` only their columns can be asked for, and are all that is read.
  package func facts(
    of block: StoredBlock, _ stream: EventStream, paths: Set<String>? = nil,
    _ transaction: borrowing ReadTransaction
  ) throws -> BlockFacts {
    let summary = try store.summaries(
      ofStream: block.streamId, from: block.firstSeq, limit: 1, transaction
    ).first
    guard let summary, summary.firstSeq == block.firstSeq else {
      throw DamageError(what: "a block is missing", firstSeq: block.firstSeq)
    }
    let decompressor = ZstdDecompressor()
    guard let paths else {
      return try BlockFacts(store.reader(summary, transaction, decompressor), stream)
    }
    let columns = stream.schema.snapshot().columns
    let reader = try store.reader(summary, transaction, decompressor) { section in
      switch section.kind {
      case .times, .factTimes, .factCounts: true
      case .column: paths.contains(columns[Int(section.column)].path)
      default: false
      }
    }
    return try BlockFacts(reader, stream)
  }
}

/// How a block came in.
package struct BlockArrival: Sendable, Equatable {
  package var source: String
  /// The wall clock then.
  package var receivedNs: Int64
  /// How far the source's event time had got with it; nil while no event counted.
  package var reachNs: Int64?
}
