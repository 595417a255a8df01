import Bytes
import LMDB
import Model
import Zstd

/// A column of one block, one entry for each fact.
///
/// A field that changes its type is widened: integers and doubles to doubles, or to numbers where doubles would lose
/// digits of an integer; anything else together to strings.
public struct FactColumn: Sendable {
  public enum Values: Sendable, Equatable {
    case integers([Int64])
    case doubles([Double])
    /// Some are integers that doubles may not give back.
    case numbers([Number])
    case bools([Bool])
    case strings([String])
    /// No fact of the block has a value.
    case none
  }

  /// No event of the column comes before this one.
  public private(set) var firstSeq: UInt64
  public private(set) var factCount: Int
  /// One entry for each fact; what stands where there is no value means nothing.
  public private(set) var values: Values = .none
  /// One bit for each fact that has a value; empty when all have.
  public private(set) var presence: [UInt64] = []

  /// Whether fact `index` has a value.
  public func isPresent(_ index: Int) -> Bool {
    if case .none = values { return false }
    return presence.isEmpty || presence[index >> 6] >> UInt64(index & 63) & 1 == 1
  }

  /// Takes out the first facts, which are of events before `seq`. O(facts).
  mutating func removeFirst(_ count: Int, firstSeq seq: UInt64) {
    precondition(count <= factCount && seq > firstSeq, "a column has no such facts to take out")
    let isPresent = (count..<factCount).map { self.isPresent($0) }
    (firstSeq, factCount) = (seq, factCount - count)
    values =
      switch values {
      case .integers(let all): .integers(Array(all.dropFirst(count)))
      case .doubles(let all): .doubles(Array(all.dropFirst(count)))
      case .numbers(let all): .numbers(Array(all.dropFirst(count)))
      case .bools(let all): .bools(Array(all.dropFirst(count)))
      case .strings(let all): .strings(Array(all.dropFirst(count)))
      case .none: .none
      }
    if presence.isEmpty { return }
    presence = Array(repeating: 0, count: (factCount + 63) / 64)
    for (index, isThere) in isPresent.enumerated() where isThere {
      presence[index >> 6] |= 1 << UInt64(index & 63)
    }
  }

  init(
    _ path: Text, _ summary: BlockSummary, _ stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction, _ decompressor: ZstdDecompressor
  ) throws {
    firstSeq = summary.firstSeq
    factCount = summary.factCount
    let infos = stream.schema.snapshot().columns
    try store.header(summary.firstSeq, transaction).header.requireColumns(infos.count)
    var columns: [ColumnValues] = []
    // A path may name a field of events and, in others, one of the elements of their array.
    var isOfElements: [Bool] = []
    for (number, info) in infos.enumerated() where info.path == path && info.kind != .opaque {
      let reader = try store.reader(
        column: Int32(number), summary, transaction, decompressor)
      if let column = try reader?.column(Int32(number), info) {
        columns.append(column)
        isOfElements.append(info.isElement)
      }
    }
    if summary.factCount != summary.eventCount && isOfElements.contains(false) {
      let reader = try store.reader(summary, transaction, decompressor)
      let factCounts = try reader.integers(.factCounts)
      for index in columns.indices where !isOfElements[index] {
        columns[index] = columns[index].spread(factCounts)
      }
    }
    merge(columns, rowCount: factCount)
  }

  private mutating func merge(_ columns: [ColumnValues], rowCount: Int) {
    guard let first = columns.first else { return }
    if columns.count == 1 {
      presence = first.presence
      switch first.kind {
      case .number where first.numbers.isInteger:
        values = .integers(Self.spread(first.numbers.mantissas, first, rowCount, 0))
      case .number, .real, .signed, .unsigned:
        values =
          first.fitsDoubles
          ? .doubles(Self.spread(first.doubles, first, rowCount, 0))
          : .numbers(Self.union(columns, rowCount, .zero) { $0.number($1) })
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
    if !columns.allSatisfy(\.kind.isNumber) {
      values = .strings(
        Self.union(columns, rowCount, "") { String(decoding: $0.text($1), as: UTF8.self) })
    } else if columns.allSatisfy(\.fitsDoubles) {
      values = .doubles(Self.union(columns, rowCount, 0) { $0.number($1).double })
    } else {
      values = .numbers(Self.union(columns, rowCount, .zero) { $0.number($1) })
    }
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
}

extension ColumnValues {
  /// A column of events as one of their facts: each value as often as its event has facts. O(facts).
  func spread(_ factCounts: [Int64]) -> ColumnValues {
    let factCount = factCounts.reduce(0) { $0 + Int($1) }
    var spread = self
    spread.presence = Array(repeating: 0, count: (factCount + 63) / 64)
    var indices: [Int] = []
    var fact = 0
    var index = 0
    for (event, count) in factCounts.enumerated() {
      let isPresent = isPresent(event)
      if isPresent {
        for row in fact..<fact + Int(count) { spread.presence[row >> 6] |= 1 << UInt64(row & 63) }
        indices.append(contentsOf: repeatElement(index, count: Int(count)))
        index += 1
      }
      fact += Int(count)
    }
    spread.count = indices.count
    spread.integers = integers.isEmpty ? [] : indices.map { integers[$0] }
    spread.numbers.mantissas =
      numbers.mantissas.isEmpty ? [] : indices.map { numbers.mantissas[$0] }
    spread.numbers.scales = numbers.scales.isEmpty ? [] : indices.map { numbers.scales[$0] }
    // Plain strings become the entries of a dictionary.
    spread.strings.codes =
      strings.isDictionary ? indices.map { strings.codes[$0] } : indices.map(Int64.init)
    spread.strings.isDictionary = true
    return spread
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
