import Bytes
import Model

/// What rows are read with: those of a page that are wanted, and what is known of them.
struct PageRows {
  /// Places on the page, in ascending order.
  let rows: [Int32]
  let bucketNs: Int64
  /// Those of the rows.
  let headers: ArraySlice<CellHeader>

  func header(_ index: Int) -> CellHeader { headers[headers.startIndex + index] }
}

/// The moments of a page's rows, to read some of them.
struct MomentPage {
  /// Values that are no numbers.
  private let others: PackedIntegers
  private let sums: DecimalColumn
  private let squares: DecimalColumn?
  /// The parts of sums that are no short decimals.
  private let binary: PackedRuns
  private let numbers: NumberColumns
  /// Of the first and the last the time, the seq, and the place among the facts of its event: each as a difference.
  private let firstTimes: PackedIntegers
  private let lastTimes: PackedIntegers
  private let firstSeqs: PackedIntegers
  private let lastSeqs: PackedIntegers
  private let firstElements: PackedIntegers
  private let lastElements: PackedIntegers

  /// Passes over the columns of `count` rows. O(1).
  init(_ reader: inout ByteReader, count: Int, hasSquares: Bool) throws(MalformedBytes) {
    others = try PackedIntegers(&reader, count: count)
    sums = try DecimalColumn(&reader, count: count, scale: ExactNumber.scale)
    squares =
      hasSquares ? try DecimalColumn(&reader, count: count, scale: 2 * ExactNumber.scale) : nil
    binary = try PackedRuns(&reader, count: count)
    numbers = try NumberColumns(&reader, count: count)
    firstTimes = try PackedIntegers(&reader, count: count)
    lastTimes = try PackedIntegers(&reader, count: count)
    firstSeqs = try PackedIntegers(&reader, count: count)
    lastSeqs = try PackedIntegers(&reader, count: count)
    firstElements = try PackedIntegers(&reader, count: count)
    lastElements = try PackedIntegers(&reader, count: count)
  }

  /// Adds rows of so many values each to moments, with those parts of them that are wanted. O(rows).
  func append(
    _ page: PageRows, _ parts: MomentParts, counts: ArraySlice<UInt64>,
    in bytes: RawSpan, to moments: inout MomentColumns
  ) throws(MalformedBytes) {
    let rows = page.rows
    let start = moments.rows.count
    moments.appendRows(rows.count)
    let others = others.values(rows, in: bytes)
    moments.withRows { states in
      for index in rows.indices {
        states[start + index].count =
          counts[counts.startIndex + index] &- UInt64(bitPattern: others[index])
      }
    }
    if parts.contains(.ends) { readPlaces(page, in: bytes, start, &moments) }
    try numbers.forEach(rows, parts, in: bytes) { moments.setNumbers($1, start + $0) }
    guard parts.contains(.sums) else { return }
    try sums.forEach(rows, in: bytes) { moments.setSum($1, start + $0) }
    if moments.hasSquares {
      try squares?.forEach(rows, in: bytes) { moments.setSquares($1, start + $0) }
    }
    if binary.isEmpty { return }
    for index in rows.indices {
      moments.setBinary(try binaryMoments(Int(rows[index]), in: bytes), start + index)
    }
  }

  /// Reads where the first and the last number of each row stand. O(rows).
  private func readPlaces(
    _ page: PageRows, in bytes: RawSpan, _ start: Int, _ moments: inout MomentColumns
  ) {
    let rows = page.rows
    let firstTimes = firstTimes.values(rows, in: bytes)
    let lastTimes = lastTimes.values(rows, in: bytes)
    let firstSeqs = firstSeqs.values(rows, in: bytes)
    let lastSeqs = lastSeqs.values(rows, in: bytes)
    let firstElements = firstElements.values(rows, in: bytes)
    let lastElements = lastElements.values(rows, in: bytes)
    moments.withRows { states in
      for index in rows.indices where states[start + index].count > 0 {
        let header = page.header(index)
        let timeNs = page.bucketNs &+ firstTimes[index]
        states[start + index].firstAt = FactPlace(
          timeNs: timeNs, seq: header.firstSeq &+ UInt64(bitPattern: firstSeqs[index]),
          element: UInt32(truncatingIfNeeded: firstElements[index]))
        states[start + index].lastAt = FactPlace(
          timeNs: timeNs &+ lastTimes[index],
          seq: header.lastSeq &- UInt64(bitPattern: lastSeqs[index]),
          element: UInt32(truncatingIfNeeded: lastElements[index]))
      }
    }
  }

  private func binaryMoments(
    _ row: Int, in bytes: RawSpan
  ) throws(MalformedBytes) -> BinaryMoments? {
    let range = try binary.range(row, in: bytes)
    if range.isEmpty { return nil }
    var reader = ByteReader(bytes.extracting(range))
    var sums = BinaryMoments()
    sums.sum = try BinarySum(&reader)
    if squares != nil { sums.squares = try BinarySum(&reader) }
    return sums
  }
}

extension MomentColumns {
  /// Appends rows as ``MomentPage`` reads them; `counts` are those of their values. O(rows).
  func encode(
    _ page: PageRows, counts: [UInt64], hasSquares: Bool, into output: inout [UInt8]
  ) {
    let rows = page.rows
    // States are looked at in place: each is large to copy.
    let states = self.rows
    var (missing, isPresent): ([Int64], [Bool]?) = ([], nil)
    missing.reserveCapacity(rows.count)
    for (index, row) in rows.enumerated() {
      let count = states[Int(row)].count
      missing.append(Int64(bitPattern: counts[index] &- count))
      if count == 0 { isPresent = isPresent ?? rows.map { states[Int($0)].count > 0 } }
    }
    output.append(packed: missing)
    DecimalColumn.append(
      rows.map { decimals(Int($0)) }, where: isPresent, scale: ExactNumber.scale,
      to: &output)
    if hasSquares {
      DecimalColumn.append(
        rows.map { squares[Int($0)] }, where: isPresent, scale: 2 * ExactNumber.scale, to: &output)
    }
    if binary.isEmpty {
      output.append(runs: [], ends: [])
    } else {
      output.append(runs: rows) { row, bytes in
        // What adds up to nothing leaves nothing behind.
        guard let sums = binary[row], sums != BinaryMoments() else { return }
        sums.sum.encode(into: &bytes)
        if hasSquares { sums.squares.encode(into: &bytes) }
      }
    }
    NumberColumns.append(
      rows.map { row in
        let row = Int(row)
        return NumberEnds(
          min: states[row].min, max: states[row].max, first: states[row].first,
          last: states[row].last)
      }, where: isPresent, to: &output)
    func append(_ value: (_ firstAt: FactPlace, _ lastAt: FactPlace, CellHeader) -> Int64) {
      var values: [Int64] = []
      values.reserveCapacity(rows.count)
      for (index, row) in rows.enumerated() {
        values.append(
          value(states[Int(row)].firstAt, states[Int(row)].lastAt, page.header(index)))
      }
      output.append(packed: values, where: isPresent)
    }
    append { first, _, _ in first.timeNs &- page.bucketNs }
    append { first, last, _ in last.timeNs &- first.timeNs }
    append { first, _, header in Int64(bitPattern: first.seq &- header.firstSeq) }
    append { _, last, header in Int64(bitPattern: header.lastSeq &- last.seq) }
    append { first, _, _ in Int64(first.element) }
    append { _, last, _ in Int64(last.element) }
  }
}
