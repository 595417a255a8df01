import Bytes
import Model

/// The facts of one block as columns, each read when it is asked for.
package struct BlockFacts {
  package let block: StoredBlock
  package let stream: EventStream
  /// What came in together.
  package let pieces: [BlockPiece]
  package let seqs: EventSeqs
  let reader: BlockReader
  /// The time of each event of a merged block, by which its pieces are read.
  private let mergedTimes: [Int64]?
  /// The time of each fact, once it is kept.
  private var keptTimes: [Int64]?
  let columns: [ColumnInfo]
  /// Facts of each event, when that is not one.
  private let factCounts: [Int64]

  package var factCount: Int { block.factCount }

  init(_ reader: BlockReader, _ stream: EventStream) throws {
    self.reader = reader
    self.stream = stream
    mergedTimes = reader.header.isMerged ? try reader.times(.times) : nil
    pieces = try reader.blockPieces(eventTimes: mergedTimes)
    seqs = EventSeqs(pieces)
    block = StoredBlock(reader.header, pieces)
    columns = stream.schema.snapshot().columns
    try reader.header.requireColumns(columns.count)
    factCounts = reader.header.isExploded ? try reader.integers(.factCounts) : []
    if reader.header.isExploded {
      let isWhole =
        factCounts.count == reader.header.eventCount && factCounts.allSatisfy({ $0 >= 0 })
        && factCounts.reduce(0, &+) == Int64(block.factCount)
      if !isWhole { throw reader.damage }
    }
  }

  /// The time of each fact.
  package func times() throws -> [Int64] {
    try keptTimes ?? (reader.header.isExploded ? reader.times(.factTimes) : eventTimes())
  }

  /// Decodes the times, which are there from now on.
  package mutating func keepTimes() throws { keptTimes = try times() }

  /// The time of each event. O(events).
  func eventTimes() throws -> [Int64] { try mergedTimes ?? reader.times(.times) }

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
    _ path: Text, where isWanted: (SlotKind) -> Bool
  ) throws -> [ColumnValues] {
    var found: [ColumnValues] = []
    for (number, info) in columns.enumerated() where info.path == path && isWanted(info.kind) {
      guard let column = try reader.column(Int32(number), info) else { continue }
      let isOfFacts = info.isElement || factCounts.isEmpty
      found.append(isOfFacts ? column : column.spread(factCounts))
    }
    return found
  }

  /// The numbers at `path`. O(facts).
  package func numbers(_ path: Text) throws -> FactNumbers {
    let columns = try physical(path, where: \.isNumber)
    guard let first = columns.first else { return FactNumbers(values: [], presence: .none) }
    let areExact = columns.allSatisfy(\.fitsDoubles)
    if columns.count == 1 && first.presence == .all {
      let numbers = areExact ? [] : (0..<first.count).map { first.number($0) }
      return FactNumbers(values: first.doubles, presence: .all, numbers: numbers)
    }
    var values = [Double](repeating: 0, count: factCount)
    var numbers = areExact ? [] : [Number](repeating: .zero, count: factCount)
    for column in columns {
      let dense = column.doubles
      var next = 0
      column.presence.forEachRow(below: factCount) { fact in
        values[fact] = dense[next]
        if !areExact { numbers[fact] = column.number(next) }
        next += 1
      }
    }
    let presence = Presence.union(of: columns.map(\.presence))
    return FactNumbers(values: values, presence: presence, numbers: numbers)
  }

  /// The values at `path` as text, each distinct one once. O(facts).
  package func labels(_ path: Text) throws -> FactLabels {
    let columns = try physical(path) { $0 != .opaque }
    if columns.count == 1, let column = columns.first, column.presence == .all,
      column.kind == .string, column.strings.isDictionary,
      // With escapes two entries can be one text.
      !column.strings.bytes.contains(JSONText.backslash)
    {
      return FactLabels(codes: column.strings.codes, names: column.entries)
    }
    var codes = [Int64](repeating: -1, count: factCount)
    var names = StringTable()
    var codesOfNumbers: [Number: Int64] = [:]
    for column in columns {
      var next = 0
      let isPlain = column.kind == .string && !column.strings.bytes.contains(JSONText.backslash)
      column.presence.forEachRow(below: factCount) { fact in
        defer { next += 1 }
        if isPlain {
          let text = column.strings.bytes.rawSpan(column.strings.range(next))
          codes[fact] = Int64(names.number(text))
        } else if !column.kind.isNumber {
          codes[fact] = Int64(names.number(column.text(next).rawSpan))
        } else if let known = codesOfNumbers[column.number(next)] {
          codes[fact] = known
        } else {
          // Numbers that are equal are one label, however they were written.
          let number = column.number(next)
          codes[fact] = Int64(names.number(Array(number.description.utf8).rawSpan))
          codesOfNumbers[number] = codes[fact]
        }
      }
    }
    return FactLabels(codes: codes, names: names.strings)
  }

  /// Which facts have true or false at `path`. O(facts).
  package func booleans(_ path: Text) throws -> Presence {
    Presence.union(of: try physical(path) { $0 == .bool }.map(\.presence))
  }

  /// Which facts have a value of any kind at `path`. O(facts) for each column of the path.
  package func presence(_ path: Text) throws -> Presence {
    // Of columns that have but one value for each fact no value is decoded.
    var found: [Presence] = []
    for (number, info) in columns.enumerated() where info.path == path {
      if info.isElement || factCounts.isEmpty {
        found.append(try reader.presence(Int32(number), info))
      } else if let column = try reader.column(Int32(number), info) {
        found.append(column.spread(factCounts).presence)
      }
    }
    return Presence.union(of: found)
  }
}

/// Numbers of facts.
package struct FactNumbers: Sendable {
  /// The nearest doubles, one for each fact; what stands where there is no number means nothing. Empty when no fact has
  /// one.
  package var values: [Double]
  /// Which facts have a number.
  package var presence: Presence

  /// The numbers themselves, one for each fact, when some is an integer that its double may not give back; else empty.
  package var numbers: [Number]

  package init(values: [Double], presence: Presence, numbers: [Number] = []) {
    (self.values, self.presence, self.numbers) = (values, presence, numbers)
  }

  /// The number of a fact that has one.
  package func number(_ fact: Int) -> Number {
    numbers.isEmpty ? Number(values[fact]) ?? .zero : numbers[fact]
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
  /// The texts of a dictionary that has no escapes.
  fileprivate var entries: ByteStrings { ByteStrings(bytes: strings.bytes, ends: strings.ends) }
}
