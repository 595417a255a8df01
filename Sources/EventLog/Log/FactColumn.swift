import LMDB
import Zstd

/// A column of one block, one entry for each fact.
///
/// A field that changes its type is widened: integers and doubles to doubles, anything else together to
/// strings.
public struct FactColumn: Sendable {
  public enum Values: Sendable, Equatable {
    case integers([Int64])
    case doubles([Double])
    case bools([Bool])
    case strings([String])
    /// No fact of the block has a value.
    case none
  }

  public let firstSeq: UInt64
  public let factCount: Int
  /// One entry for each fact; what stands where there is no value means nothing.
  public private(set) var values: Values = .none
  /// One bit for each fact that has a value; empty when all have.
  public private(set) var presence: [UInt64] = []

  /// Whether fact `index` has a value.
  public func isPresent(_ index: Int) -> Bool {
    if case .none = values { return false }
    return presence.isEmpty || presence[index >> 6] >> UInt64(index & 63) & 1 == 1
  }

  init(
    _ path: String, _ summary: BlockSummary, _ stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction, _ decompressor: ZstdDecompressor
  ) throws {
    firstSeq = summary.firstSeq
    factCount = summary.factCount
    let infos = stream.schema.snapshot().columns
    var columns: [ColumnValues] = []
    var isElement = false
    for (number, info) in infos.enumerated() where info.path.isPath(path) && info.kind != .opaque {
      let reader = try store.reader(
        column: Int32(number), summary, transaction, decompressor)
      if let column = try reader?.column(Int32(number), info) {
        columns.append(column)
        isElement = info.isElement
      }
    }
    let rowCount = isElement ? summary.factCount : summary.eventCount
    merge(columns, rowCount: rowCount)
    if rowCount != factCount {
      let reader = try store.reader(summary, transaction, decompressor)
      spread(try reader.integers(.factCounts))
    }
  }

  private mutating func merge(_ columns: [ColumnValues], rowCount: Int) {
    guard let first = columns.first else { return }
    if columns.count == 1 {
      presence = first.presence
      switch first.kind {
      case .number where first.numbers.isInteger:
        values = .integers(Self.spread(first.numbers.mantissas, first, rowCount, 0))
      case .number: values = .doubles(Self.spread(first.numbers.doubles, first, rowCount, 0))
      case .real:
        let doubles = first.integers.map { Double(bitPattern: UInt64(bitPattern: $0)) }
        values = .doubles(Self.spread(doubles, first, rowCount, 0))
      case .bool:
        values = .bools(Self.spread(first.integers.map { $0 == 1 }, first, rowCount, false))
      default: values = .strings(Self.spread(first.texts, first, rowCount, ""))
      }
      return
    }
    presence = Array(repeating: 0, count: (rowCount + 63) / 64)
    for column in columns {
      for row in 0..<rowCount where column.isPresent(row) {
        presence[row >> 6] |= 1 << UInt64(row & 63)
      }
    }
    values =
      columns.allSatisfy { $0.kind == .number || $0.kind == .real }
      ? .doubles(Self.union(columns, rowCount, 0) { $0.double($1) })
      : .strings(
        Self.union(columns, rowCount, "") { String(decoding: $0.text($1), as: UTF8.self) })
  }

  /// The dense values at their rows.
  private static func spread<T>(
    _ dense: [T], _ column: ColumnValues, _ rowCount: Int, _ blank: T
  ) -> [T] {
    if column.presence.isEmpty { return dense }
    return union([column], rowCount, blank) { dense[$1] }
  }

  private static func union<T>(
    _ columns: [ColumnValues], _ rowCount: Int, _ blank: T, _ value: (ColumnValues, Int) -> T
  ) -> [T] {
    var all = Array(repeating: blank, count: rowCount)
    for column in columns {
      var index = 0
      for row in 0..<rowCount where column.isPresent(row) {
        all[row] = value(column, index)
        index += 1
      }
    }
    return all
  }

  /// Repeats each event's value for its facts.
  private mutating func spread(_ factCounts: [Int64]) {
    var events: [Int] = []
    events.reserveCapacity(factCount)
    for (event, count) in factCounts.enumerated() {
      events.append(contentsOf: repeatElement(event, count: Int(count)))
    }
    if !presence.isEmpty {
      var spread = [UInt64](repeating: 0, count: (events.count + 63) / 64)
      for (fact, event) in events.enumerated() where isPresent(event) {
        spread[fact >> 6] |= 1 << UInt64(fact & 63)
      }
      presence = spread
    }
    switch values {
    case .integers(let all): values = .integers(events.map { all[$0] })
    case .doubles(let all): values = .doubles(events.map { all[$0] })
    case .bools(let all): values = .bools(events.map { all[$0] })
    case .strings(let all): values = .strings(events.map { all[$0] })
    case .none: break
    }
  }
}

extension NumberValues {
  /// Whether no number has a decimal point.
  var isInteger: Bool { style == .fixed && scale == 0 }

  /// All numbers as doubles.
  var doubles: [Double] {
    var low = Int64.max
    var high = Int64.min
    for index in mantissas.indices {
      low = min(low, mantissas[index])
      high = max(high, mantissas[index])
    }
    let isExact = low >= -(1 << 53) && high <= 1 << 53
    if style != .each && isExact {
      // What `Decimal.double` does, without looking at each number's size.
      let divisor = Double(Decimal.powers[scale])
      return mantissas.map { Double($0) / divisor }
    }
    return mantissas.indices.map { double($0) }
  }
}

extension ColumnValues {
  func double(_ index: Int) -> Double {
    kind == .number
      ? numbers.double(index) : Double(bitPattern: UInt64(bitPattern: integers[index]))
  }

  /// All strings, escapes resolved.
  var texts: [String] {
    guard strings.isDictionary else {
      return (0..<count).map { String(decoding: text($0), as: UTF8.self) }
    }
    var plain = self
    plain.strings.isDictionary = false
    let entries = strings.ends.indices.map { String(decoding: plain.text($0), as: UTF8.self) }
    return strings.codes.map { entries[Int($0)] }
  }
}
