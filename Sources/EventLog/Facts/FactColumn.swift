import Bytes
import LMDB
import Model
import Zstd

/// A column of one block, one entry for each fact.
///
/// A field that changes its type is widened: integers and doubles to doubles, or to numbers where doubles would lose
/// digits of an integer; anything else together to strings.
public struct FactColumn: Sendable {
  /// Values of one kind, one for each fact.
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
  /// Which facts have a value.
  public private(set) var presence = Presence.none

  /// Whether fact `index` has a value.
  public func isPresent(_ index: Int) -> Bool { presence[index] }

  /// Takes out the first facts, which are of events before `seq`. O(facts).
  mutating func removeFirst(_ count: Int, firstSeq seq: UInt64) {
    precondition(count <= factCount && seq > firstSeq, "a column has no such facts to take out")
    if case .some(let rows) = presence {
      var rest = Bitmap(rowCount: factCount - count)
      rows.forEachRow(below: factCount) { if $0 >= count { rest.insert($0 - count) } }
      presence = .some(rest)
    }
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
    presence = Presence.union(of: columns.map(\.presence))
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
    if column.presence == .all { return dense }
    return union([column], rowCount, blank) { dense[$1] }
  }

  private static func union<T>(
    _ columns: [ColumnValues], _ rowCount: Int, _ blank: T, _ value: (ColumnValues, Int) -> T
  ) -> [T] {
    var all = Array(repeating: blank, count: rowCount)
    for column in columns {
      var index = 0
      column.presence.forEachRow(below: rowCount) { row in
        all[row] = value(column, index)
        index += 1
      }
    }
    return all
  }
}
