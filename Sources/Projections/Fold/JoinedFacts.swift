import Bytes
import EventLog
import LMDB
import Model

/// The facts of blocks of one stream, in the order of the log, as those of one block.
struct JoinedFacts {
  private let blocks: [BlockFacts]
  /// What came in together.
  let pieces: [BlockPiece]
  let seqs: EventSeqs
  let count: Int
  /// From the first event to the last; others of the stream may be missing in between.
  let seqRange: ClosedRange<UInt64>
  /// Has the times of all facts.
  let timeRange: ClosedRange<Int64>

  /// At least one block.
  init(_ blocks: [BlockFacts]) {
    precondition(
      zip(blocks, blocks.dropFirst()).allSatisfy { $0.block.lastSeq < $1.block.firstSeq },
      "blocks are joined out of the order of the log")
    self.blocks = blocks
    pieces = blocks.count == 1 ? blocks[0].pieces : blocks.flatMap(\.pieces)
    seqs = blocks.count == 1 ? blocks[0].seqs : EventSeqs(pieces)
    count = blocks.reduce(0) { $0 + $1.factCount }
    seqRange = blocks[0].block.firstSeq...blocks[blocks.count - 1].block.lastSeq
    let low = blocks.reduce(Int64.max) { min($0, $1.block.minTimeNs) }
    timeRange = low...blocks.reduce(low) { max($0, $1.block.maxTimeNs) }
  }

  /// The event of each fact, as its place among all; nil when each event is one fact. O(facts).
  func events() -> [Int32]? {
    let parts = blocks.map { $0.events() }
    if parts.allSatisfy({ $0 == nil }) { return nil }
    var (events, first): ([Int32], Int32) = ([], 0)
    events.reserveCapacity(count)
    for (block, part) in zip(blocks, parts) {
      let end = first + Int32(block.seqs.count)
      if let part {
        for event in part { events.append(first + event) }
      } else {
        events.append(contentsOf: first..<end)
      }
      first = end
    }
    return events
  }

  /// The time of each fact.
  func times() throws -> [Int64] { try joined { try $0.times() } }

  /// Which facts have a value of any kind. O(facts).
  func presence(_ path: Text) throws -> Presence {
    joined(try blocks.map { try $0.presence(path) })
  }

  /// Which facts have true or false. O(facts).
  func booleans(_ path: Text) throws -> Presence {
    joined(try blocks.map { try $0.booleans(path) })
  }

  /// The numbers at `path`. O(facts).
  func numbers(_ path: Text) throws -> FactNumbers {
    let parts = try blocks.map { try $0.numbers(path) }
    if parts.count == 1 { return parts[0] }
    let presence = joined(parts.map(\.presence))
    if presence == .none { return FactNumbers(values: [], presence: .none) }
    let values = joined(parts.map(\.values), blank: 0)
    // Where one has integers that doubles do not give back, all are numbers.
    if parts.allSatisfy(\.numbers.isEmpty) {
      return FactNumbers(values: values, presence: presence)
    }
    let numbers = parts.map { part in
      part.numbers.isEmpty ? part.values.map { Number($0) ?? .zero } : part.numbers
    }
    return FactNumbers(
      values: values, presence: presence, numbers: joined(numbers, blank: .zero))
  }

  /// The numbers at `path`, exactly: decimals of one scale when those of all blocks can be written so. O(facts).
  func exacts(_ path: Text) throws -> FactExacts {
    let parts = try blocks.map { try $0.exacts(path) }
    if parts.count == 1 { return parts[0] }
    let presence = joined(parts.map(\.presence))
    if presence == .none { return FactExacts(values: .fixed([], scale: 0), presence: .none) }
    let known = parts.filter { $0.presence != .none }
    let scale = known.reduce(0) { max($0, $1.scale ?? 0) }
    if known.allSatisfy({ $0.scale != nil }),
      let mantissas = Self.rescaled(parts, to: scale)
    {
      return FactExacts(
        values: .fixed(joined(mantissas, blank: 0), scale: scale), presence: presence)
    }
    let numbers = parts.map { $0.presence == .none ? [] : $0.numbers }
    return FactExacts(
      values: .each(joined(numbers, blank: .decimal(0))), presence: presence)
  }

  /// Nil when one has no room for the digits.
  private static func rescaled(_ parts: [FactExacts], to scale: Int) -> [[Int64]]? {
    var all: [[Int64]] = []
    for part in parts {
      guard case .fixed(var mantissas, let own) = part.values, part.presence != .none else {
        all.append([])
        continue
      }
      if own < scale {
        let factor = Int64(ExactNumber.powers[scale - own])
        for index in mantissas.indices {
          let (product, overflow) = mantissas[index].multipliedReportingOverflow(by: factor)
          if overflow { return nil }
          mantissas[index] = product
        }
      }
      all.append(mantissas)
    }
    return all
  }

  /// The values at `path` as texts, each distinct one once. O(facts).
  func labels(_ path: Text) throws -> FactLabels {
    let parts = try blocks.map { try $0.labels(path) }
    if parts.count == 1 { return parts[0] }
    var names = StringTable()
    let codes = parts.map { part in
      let numbers = part.names.indices.map {
        Int64(names.number(part.names.bytes.rawSpan(part.names.range($0))))
      }
      return part.codes.map { $0 < 0 ? -1 : numbers[Int($0)] }
    }
    return FactLabels(codes: joined(codes, blank: -1), names: names.strings)
  }

  // MARK: Joining

  private func joined(_ values: (BlockFacts) throws -> [Int64]) throws -> [Int64] {
    joined(try blocks.map(values), blank: 0)
  }

  /// `blank` stands for the facts of a block without values.
  private func joined<Value>(_ parts: [[Value]], blank: Value) -> [Value] {
    if parts.count == 1 { return parts[0] }
    var all: [Value] = []
    all.reserveCapacity(count)
    for (block, part) in zip(blocks, parts) {
      if part.isEmpty {
        all.append(contentsOf: repeatElement(blank, count: block.factCount))
      } else {
        precondition(part.count == block.factCount, "a column has not one value a fact")
        all.append(contentsOf: part)
      }
    }
    return all
  }

  private func joined(_ parts: [Presence]) -> Presence {
    if parts.count == 1 { return parts[0] }
    if parts.allSatisfy({ $0 == .all }) { return .all }
    if parts.allSatisfy({ $0 == .none }) { return .none }
    var (rows, first) = (Bitmap(rowCount: count), 0)
    for (block, part) in zip(blocks, parts) {
      part.forEachRow(below: block.factCount) { rows.insert(first + $0) }
      first += block.factCount
    }
    return .some(rows)
  }
}

extension FactExacts {
  /// The scale of all numbers; nil when they have no common one.
  fileprivate var scale: Int? {
    if case .fixed(_, let scale) = values { scale } else { nil }
  }

  /// All, as numbers of any kind.
  fileprivate var numbers: [ExactNumber] {
    switch values {
    case .each(let numbers): numbers
    case .fixed(let mantissas, let scale):
      mantissas.map { ExactNumber(mantissa: $0, scale: scale, nearest: 0) }
    }
  }
}

extension EventLog {
  /// The facts of blocks that follow each other, with the columns at `paths`. A block that was merged from some of them
  /// since they were listed, and perhaps from others, is there once. O(bytes of the columns).
  func joinedFacts(
    of blocks: some Sequence<StoredBlock>, _ stream: EventStream, paths: Set<Text>,
    _ transaction: borrowing ReadTransaction
  ) throws -> [BlockFacts] {
    var all: [BlockFacts] = []
    for block in blocks {
      if let last = all.last, last.block.lastSeq >= block.lastSeq { continue }
      all.append(try facts(of: block, stream, paths: paths, transaction))
    }
    return all
  }
}
