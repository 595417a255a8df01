import Bytes

extension ColumnBuilder {
  /// Adds the column of a block, whose rows follow those before `firstRow`; texts are added to `bytes`. O(values, and bytes of
  /// texts).
  mutating func append(
    _ column: ColumnValues, rowCount: Int, from firstRow: Int, _ bytes: inout [UInt8]
  ) {
    precondition(column.kind == kind, "a column has values of another kind")
    markPresent(column.presence, count: rowCount, from: firstRow)
    switch kind {
    case .number:
      let parts = column.numbers.parts
      values += parts.mantissas
      scales += parts.scales
    case .string, .opaque: append(column.strings, count: column.count, &bytes)
    default: values += column.integers
    }
  }

  private mutating func append(_ strings: StringValues, count: Int, _ bytes: inout [UInt8]) {
    let start = bytes.count
    bytes += strings.bytes
    let places = strings.ends.indices.map { entry in
      let range = strings.entryRange(entry)
      return Int64(start + range.lowerBound) << 32 | Int64(range.count)
    }
    guard strings.isDictionary else {
      dropDictionary()
      return values.append(contentsOf: places)
    }
    var codes = places
    if dictionary != nil {
      for (entry, place) in places.enumerated() {
        codes[entry] = dictionary!.code(
          bytes.rawSpan, start: Int(place >> 32), count: Int(place & 0xFFFF_FFFF))
      }
    }
    for code in strings.codes { values.append(codes[Int(code)]) }
    let entryCount = dictionary?.entries.count ?? 0
    if entryCount > Self.maxSparseEntries, entryCount > values.count / 2 { dropDictionary() }
  }

  /// Whether a block's column has the same values in the same rows. `bytes` has the texts of this one. O(rows, and bytes of
  /// texts).
  func isSame(as column: ColumnValues, rowCount: Int, _ bytes: RawSpan) -> Bool {
    guard column.kind == kind, column.count == values.count,
      (0..<rowCount).allSatisfy({ column.presence[$0] == isPresent($0) })
    else { return false }
    switch kind {
    case .number:
      let parts = column.numbers.parts
      return parts.mantissas == values && parts.scales == scales
    case .string, .opaque:
      let others = column.strings.bytes.rawSpan
      for (index, value) in values.enumerated() {
        let place = dictionary?.entries[Int(value)] ?? value
        let range = column.strings.range(index)
        guard range.count == Int(place & 0xFFFF_FFFF),
          bytes.isEqual(
            from: Int(place >> 32), to: others, from: range.lowerBound, byteCount: range.count)
        else { return false }
      }
      return true
    default: return column.integers == values
    }
  }
}
