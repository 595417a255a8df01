import Bytes

/// The values of one physical column of one batch, while it is being filled.
///
/// Values are dense: a row without one takes no place, and `presence` says which rows have one as soon as
/// some row has none.
struct ColumnBuilder {
  let kind: SlotKind
  /// Mantissas, booleans, bit patterns of reals, dictionary codes, or places of strings in the batch
  /// (start in the high word, count in the low).
  var values: [Int64] = []
  /// For numbers, the scale of each.
  var scales: [UInt8] = []
  private(set) var presence = Bitmap()
  private(set) var hasGaps = false
  /// Set while strings still repeat enough to be worth looking up.
  var dictionary: StringDictionary?

  /// From this many distinct strings on, a dictionary has to pay for itself.
  static let maxSparseEntries = 4_096

  /// `rowCount` is how many values to make room for.
  init(kind: SlotKind, isPlain: Bool, rowCount: Int = 0) {
    self.kind = kind
    values.reserveCapacity(rowCount)
    if kind == .number { scales.reserveCapacity(rowCount) }
    if kind == .string && !isPlain { dictionary = StringDictionary() }
  }

  @inline(__always)
  mutating func append(_ value: SlotValue, row: Int, _ bytes: RawSpan) {
    if hasGaps || values.count != row { markPresent(row) }
    switch kind {
    case .number:
      values.append(value.a)
      scales.append(value.detail)
    case .string:
      appendString(value, bytes)
    case .opaque:
      values.append(value.a << 32 | Int64(value.b))
    default:
      values.append(value.a)
    }
  }

  @inline(__always)
  private mutating func appendString(_ value: SlotValue, _ bytes: RawSpan) {
    guard dictionary != nil else {
      values.append(value.a << 32 | Int64(value.b))
      return
    }
    let code = dictionary!.code(bytes, start: Int(value.a), count: Int(value.b))
    values.append(code)
    // A new entry after many: most values are new, so they are cheaper kept one by one.
    let count = dictionary!.entries.count
    if count > Self.maxSparseEntries, Int(code) == count - 1, count > values.count / 2 {
      dropDictionary()
    }
  }

  /// Whether the column ended up with no dictionary, as a hint for the next batch.
  var isPlain: Bool { kind == .string && dictionary == nil }

  mutating func dropDictionary() {
    guard let entries = dictionary?.entries else { return }
    for index in values.indices { values[index] = entries[Int(values[index])] }
    dictionary = nil
  }

  private mutating func markPresent(_ row: Int) {
    beginGaps()
    setPresent(row)
  }

  /// Takes note that rows from `firstRow` on have a value, before these are added. O(rows).
  mutating func markPresent(_ rows: Presence, count: Int, from firstRow: Int) {
    if case .all = rows, !hasGaps, values.count == firstRow { return }
    beginGaps()
    rows.forEachRow(below: count) { setPresent(firstRow + $0) }
  }

  private mutating func beginGaps() {
    if hasGaps { return }
    hasGaps = true
    for row in values.indices { setPresent(row) }
  }

  private mutating func setPresent(_ row: Int) {
    presence.reserve(row: row)
    presence.insert(row)
  }

  /// Whether a row has a value.
  func isPresent(_ row: Int) -> Bool {
    hasGaps ? row < presence.capacity && presence[row] : row < values.count
  }

  /// Takes out the values of `rows`, which rise; `rowCount` is the number of rows before. O(rows kept).
  mutating func remove(rows: [Int], rowCount: Int) {
    removeValues(rows: rows, rowCount: rowCount)
    // A stored dictionary never has more entries than there are values.
    if let dictionary, dictionary.entries.count > values.count { dropDictionary() }
  }

  private mutating func removeValues(rows: [Int], rowCount: Int) {
    if !hasGaps && values.count == rowCount {
      values.remove(at: rows)
      if kind == .number { scales.remove(at: rows) }
      return
    }
    var valueIndexes: [Int] = []
    var kept = Bitmap(rowCount: rowCount - rows.count)
    var valueIndex = 0
    var next = 0
    for row in 0..<rowCount {
      let isRemoved = next < rows.count && rows[next] == row
      if isRemoved { next += 1 }
      guard isPresent(row) else { continue }
      if isRemoved {
        valueIndexes.append(valueIndex)
      } else {
        kept.insert(row - next)
      }
      valueIndex += 1
    }
    values.remove(at: valueIndexes)
    if kind == .number { scales.remove(at: valueIndexes) }
    hasGaps = true
    presence = kept
  }
}

extension Array {
  /// Removes the elements at `indexes`, which rise. O(count).
  mutating func remove(at indexes: [Int]) {
    guard let first = indexes.first else { return }
    var target = first
    for (number, removed) in indexes.enumerated() {
      let end = number + 1 < indexes.count ? indexes[number + 1] : count
      for kept in (removed + 1)..<Swift.max(end, removed + 1) {
        self[target] = self[kept]
        target += 1
      }
    }
    removeLast(count - target)
  }
}
