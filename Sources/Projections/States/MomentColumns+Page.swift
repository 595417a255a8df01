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
  /// Time, seq and place among the facts of its event, of the first and the last.
  private let places: [PackedIntegers]

  /// Passes over the columns of `count` rows. O(1).
  init(_ reader: inout ByteReader, count: Int, hasSquares: Bool) throws(MalformedBytes) {
    others = try PackedIntegers(&reader, count: count)
    sums = try DecimalColumn(&reader, count: count, scale: ExactNumber.scale)
    squares =
      hasSquares ? try DecimalColumn(&reader, count: count, scale: 2 * ExactNumber.scale) : nil
    binary = try PackedRuns(&reader, count: count)
    numbers = try NumberColumns(&reader, count: count)
    var places: [PackedIntegers] = []
    for _ in 0..<6 { places.append(try PackedIntegers(&reader, count: count)) }
    self.places = places
  }

  /// Adds rows of so many values each to moments. O(rows).
  func append(
    _ page: PageRows, counts: ArraySlice<UInt64>, in bytes: RawSpan, to moments: inout MomentColumns
  ) throws(MalformedBytes) {
    let rows = page.rows
    let others = others.values(rows, in: bytes)
    let sums = try sums.values(rows, in: bytes)
    let squares = try squares?.values(rows, in: bytes)
    let places = places.map { $0.values(rows, in: bytes) }
    var states = [Moments](repeating: Moments(), count: rows.count)
    for index in rows.indices {
      states[index].count = counts[counts.startIndex + index] &- UInt64(bitPattern: others[index])
      if states[index].count == 0 { continue }
      let header = page.header(index)
      states[index].decimals = sums[index]
      let timeNs = page.bucketNs &+ places[0][index]
      states[index].firstAt = FactPlace(
        timeNs: timeNs, seq: header.firstSeq &+ UInt64(bitPattern: places[2][index]),
        element: UInt32(truncatingIfNeeded: places[4][index]))
      states[index].lastAt = FactPlace(
        timeNs: timeNs &+ places[1][index],
        seq: header.lastSeq &- UInt64(bitPattern: places[3][index]),
        element: UInt32(truncatingIfNeeded: places[5][index]))
    }
    try numbers.forEach(rows, in: bytes) { index, numbers in
      if states[index].count == 0 { return }
      (states[index].min, states[index].max) = (numbers.min, numbers.max)
      (states[index].first, states[index].last) = (numbers.first, numbers.last)
    }
    for index in rows.indices {
      let hasNumbers = states[index].count > 0
      moments.append(
        states[index], squares: hasNumbers ? squares?[index] ?? .zero : .zero,
        try binaryMoments(Int(rows[index]), in: bytes))
    }
  }

  private func binaryMoments(
    _ row: Int, in bytes: RawSpan
  ) throws(MalformedBytes) -> BinaryMoments? {
    if binary.isEmpty { return nil }
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
    let states = rows.map { self.rows[Int($0)] }
    output.append(
      packed: rows.indices.map { Int64(bitPattern: counts[$0] &- states[$0].count) })
    let isPresent = states.allSatisfy { $0.count > 0 } ? nil : states.map { $0.count > 0 }
    DecimalColumn.append(
      states.map(\.decimals), where: isPresent, scale: ExactNumber.scale, to: &output)
    if hasSquares {
      DecimalColumn.append(
        rows.map { squares[Int($0)] }, where: isPresent, scale: 2 * ExactNumber.scale, to: &output)
    }
    output.append(runs: rows) { row, bytes in
      // What adds up to nothing leaves nothing behind.
      guard let sums = binary[row], sums != BinaryMoments() else { return }
      sums.sum.encode(into: &bytes)
      if hasSquares { sums.squares.encode(into: &bytes) }
    }
    NumberColumns.append(
      states.map { NumberEnds(min: $0.min, max: $0.max, first: $0.first, last: $0.last) },
      where: isPresent, to: &output)
    func append(_ value: (Moments, CellHeader) -> Int64) {
      output.append(
        packed: states.indices.map { value(states[$0], page.header($0)) }, where: isPresent)
    }
    append { state, _ in state.firstAt.timeNs &- page.bucketNs }
    append { state, _ in state.lastAt.timeNs &- state.firstAt.timeNs }
    append { Int64(bitPattern: $0.firstAt.seq &- $1.firstSeq) }
    append { Int64(bitPattern: $1.lastSeq &- $0.lastAt.seq) }
    append { state, _ in Int64(state.firstAt.element) }
    append { state, _ in Int64(state.lastAt.element) }
  }
}
