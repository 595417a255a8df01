import Bytes
import Model

/// Sums of the numbers that are no short decimals.
struct BinaryMoments: Sendable, Equatable {
  var sum = BinarySum()
  /// The sum of the squares, if they are needed.
  var squares = BinarySum()

  mutating func merge(_ other: BinaryMoments) {
    sum.add(other.sum)
    squares.add(other.squares)
  }
}

/// The moments of many cells.
struct MomentColumns: Sendable {
  let hasSquares: Bool
  private(set) var rows: [Moments] = []
  /// Sums of squares of short decimals, in units of 10^-18; empty unless they are needed.
  private(set) var squares: [Int256] = []
  /// By row, of those that have such numbers: mostly there are none.
  private(set) var binary: [Int32: BinaryMoments] = [:]
  /// By row, what sums of short decimals have beyond 128 bits, in units of 10^-9: it takes some 10^29 to have any.
  private var wide: [Int32: Int256] = [:]

  init(hasSquares: Bool) { self.hasSquares = hasSquares }

  mutating func appendRow() { appendRows(1) }

  /// Adds rows without numbers. O(rows).
  mutating func appendRows(_ count: Int) {
    rows.append(repeating: Moments(), count: count)
    if hasSquares { squares.append(repeating: .zero, count: count) }
  }

  /// Makes room for rows of an answer.
  mutating func makeRoom(for count: Int) {
    rows.makeRoom(for: count)
    if hasSquares { squares.makeRoom(for: count) }
  }

  /// Adds a row that is filled but for the sum of its short decimals.
  mutating func append(
    _ row: Moments, decimals: Int256, squares: Int256, _ binary: BinaryMoments?
  ) {
    rows.append(row)
    setSum(decimals, rows.count - 1)
    if hasSquares { self.squares.append(squares) }
    if let binary { self.binary[Int32(rows.count - 1)] = binary }
  }

  // MARK: Rows that are read

  /// Runs `body` on all rows.
  mutating func withRows(_ body: (inout MutableSpan<Moments>) -> Void) {
    rows.withMutableSpan(body)
  }

  /// The rest is of rows that have numbers; of others it is passed over.
  mutating func setSum(_ decimals: Int256, _ row: Int) {
    if rows[row].count == 0 { return }
    if let narrow = decimals.int128 {
      rows[row].sum = narrow
    } else {
      wide[Int32(row)] = decimals
    }
  }

  mutating func setSquares(_ squares: Int256, _ row: Int) {
    if rows[row].count > 0 { self.squares[row] = squares }
  }

  mutating func setNumbers(_ numbers: NumberEnds, _ row: Int) {
    if rows[row].count == 0 { return }
    (rows[row].min, rows[row].max) = (numbers.min, numbers.max)
    (rows[row].first, rows[row].last) = (numbers.first, numbers.last)
  }

  mutating func setBinary(_ sums: BinaryMoments?, _ row: Int) {
    if let sums { binary[Int32(row)] = sums }
  }

  // MARK: Merging

  /// Adds cells of a block to rows. O(cells).
  mutating func add(_ added: Range<Int>, of fold: MomentColumns, to places: [Int32]) {
    var carries: [(row: Int32, sum: Int128)] = []
    rows.withMutableSpan { states in
      for (index, cell) in added.enumerated() {
        let row = places[index]
        if let carry = states[Int(row)].merge(fold.rows[cell]) { carries.append((row, carry)) }
      }
    }
    for (row, sum) in carries { wide[row, default: .zero] += Int256(sum) }
    if !fold.wide.isEmpty {
      for (index, cell) in added.enumerated() { mergeWide(fold.wide[Int32(cell)], places[index]) }
    }
    if hasSquares {
      for (index, cell) in added.enumerated() { squares[Int(places[index])] += fold.squares[cell] }
    }
    if fold.binary.isEmpty { return }
    for (index, cell) in added.enumerated() {
      if let sums = fold.binary[Int32(cell)] {
        binary[places[index], default: BinaryMoments()].merge(sums)
      }
    }
  }

  private mutating func merge(_ other: Moments, _ otherWide: Int256?, into row: Int) {
    if let carry = rows[row].merge(other) { wide[Int32(row), default: .zero] += Int256(carry) }
    mergeWide(otherWide, Int32(row))
  }

  private mutating func mergeWide(_ sum: Int256?, _ row: Int32) {
    if let sum { wide[row, default: .zero] += sum }
  }

  /// Merges a row of cells that have squares if these have.
  mutating func merge(_ otherRow: Int, of other: MomentColumns, into row: Int) {
    merge(other.rows[otherRow], other.wide[Int32(otherRow)], into: row)
    if hasSquares { squares[row] += other.squares[otherRow] }
    if let sums = other.binary[Int32(otherRow)] {
      binary[Int32(row), default: BinaryMoments()].merge(sums)
    }
  }

  mutating func mergeRow(_ other: Int, into row: Int) {
    merge(rows[other], wide[Int32(other)], into: row)
    if hasSquares { squares[row] += squares[other] }
    if let sums = binary[Int32(other)] {
      binary[Int32(row), default: BinaryMoments()].merge(sums)
    }
  }

  // MARK: Answers

  /// The sum of the short decimals, in units of 10^-9.
  func decimals(_ row: Int) -> Int256 {
    var sum = Int256(rows[row].sum)
    if let more = wide[Int32(row)] { sum += more }
    return sum
  }

  private func sum(_ row: Int) -> ExactSum {
    ExactSum(
      decimals: decimals(row), binary: binary[Int32(row)]?.sum ?? BinarySum())
  }

  private func squareSum(_ row: Int) -> ExactSum {
    ExactSum(decimals: squares[row], binary: binary[Int32(row)]?.squares ?? BinarySum())
  }

  /// The number nearest to the sum; infinite beyond the range of doubles, nil without numbers.
  func total(_ row: Int) -> Number? { rows[row].count == 0 ? nil : quotient(row, 1) }

  func mean(_ row: Int) -> Number? {
    rows[row].count == 0 ? nil : quotient(row, rows[row].count)
  }

  private func quotient(_ row: Int, _ divisor: UInt64) -> Number {
    // Short decimals are all there is, mostly.
    if wide.isEmpty, binary.isEmpty,
      let number = ExactSum.number(ofUnits: rows[row].sum, dividedBy: divisor)
    {
      return number
    }
    return sum(row).number(dividedBy: UInt128(divisor))
  }

  /// The variance of the sample; one number has none.
  func variance(_ row: Int) -> Double {
    guard rows[row].count > 1 else { return .nan }
    return ExactSum.variance(count: rows[row].count, sum: sum(row), squares: squareSum(row))
  }

  func standardDeviation(_ row: Int) -> Double {
    guard rows[row].count > 1 else { return .nan }
    return ExactSum.standardDeviation(
      count: rows[row].count, sum: sum(row), squares: squareSum(row))
  }

  /// About what they take in memory. O(1).
  var byteCount: Int {
    rows.capacity * MemoryLayout<Moments>.stride + squares.capacity * MemoryLayout<Int256>.stride
      + binary.count * 256 + wide.count * 64
  }
}
