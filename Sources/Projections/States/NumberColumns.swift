import Bytes
import Model

/// What moments have of single numbers.
struct NumberEnds {
  var min = Number.zero
  var max = Number.zero
  var first = KeptNumber.zero
  var last = KeptNumber.zero
}

/// The least, the greatest, the first and the last number of many rows: as integers of one decimal unit, all but the least
/// as differences from it, or each row by itself.
struct NumberColumns {
  private enum Form {
    case scaled(
      decimals: Int, low: PackedIntegers, high: PackedIntegers, first: PackedIntegers,
      last: PackedIntegers)
    case single(PackedRuns)
  }

  private let form: Form

  /// Said instead of how many decimals the unit has.
  private static let single: UInt8 = 255

  /// Passes over the columns of `count` rows, to read some of them. O(1).
  init(_ reader: inout ByteReader, count: Int) throws(MalformedBytes) {
    let decimals = try reader.integer(UInt8.self)
    if decimals == Self.single {
      form = .single(try PackedRuns(&reader, count: count))
    } else {
      guard decimals <= ExactNumber.scale else { throw MalformedBytes(offset: reader.offset) }
      form = .scaled(
        decimals: Int(decimals), low: try PackedIntegers(&reader, count: count),
        high: try PackedIntegers(&reader, count: count),
        first: try PackedIntegers(&reader, count: count),
        last: try PackedIntegers(&reader, count: count))
    }
  }

  /// Calls `body` with the place of each of `rows` among them, and those of its numbers that are wanted. O(rows).
  func forEach(
    _ rows: [Int32], _ parts: MomentParts, in bytes: RawSpan,
    _ body: (Int, NumberEnds) -> Void
  ) throws(MalformedBytes) {
    if parts.isDisjoint(with: [.extremes, .ends]) { return }
    switch form {
    case .scaled(let decimals, let low, let high, let first, let last):
      let unit = Double(ExactNumber.powers[decimals])
      let lows = low.values(rows, in: bytes)
      let highs = parts.contains(.extremes) ? high.values(rows, in: bytes) : nil
      let ends =
        parts.contains(.ends) ? (first.values(rows, in: bytes), last.values(rows, in: bytes)) : nil
      for index in rows.indices {
        let base = lows[index]
        var numbers = NumberEnds()
        if let highs {
          numbers.min = Self.number(base, decimals, unit)
          numbers.max = Self.number(base &+ highs[index], decimals, unit)
        }
        if let (firsts, lasts) = ends {
          numbers.first = KeptNumber(mantissa: base &+ firsts[index], scale: decimals)
          numbers.last = KeptNumber(mantissa: base &+ lasts[index], scale: decimals)
        }
        body(index, numbers)
      }
    case .single(let runs):
      for index in rows.indices {
        let range = try runs.range(Int(rows[index]), in: bytes)
        if range.isEmpty { continue }
        var reader = ByteReader(bytes.extracting(range))
        let (min, max) = (try Number(&reader), try Number(&reader))
        body(
          index,
          NumberEnds(
            min: min, max: max, first: try KeptNumber(&reader), last: try KeptNumber(&reader)))
      }
    }
  }

  private static func number(_ mantissa: Int64, _ decimals: Int) -> Number {
    number(mantissa, decimals, Double(ExactNumber.powers[decimals]))
  }

  /// The number `mantissa / 10^decimals`, or the double nearest to it; `unit` is 10^decimals.
  private static func number(_ mantissa: Int64, _ decimals: Int, _ unit: Double) -> Number {
    if decimals == 0 { return Number(mantissa) }
    // Both sides of a division of doubles that are exact: it rounds once.
    if mantissa.magnitude <= 1 << 53 { return Number(Double(mantissa) / unit) ?? .zero }
    return KeptNumber(mantissa: mantissa, scale: decimals).number
  }

  /// Appends the numbers of rows as they are read. O(rows).
  static func append(
    _ rows: [NumberEnds], where isPresent: [Bool]?, to output: inout [UInt8]
  ) {
    if let (decimals, columns) = mantissas(rows, isPresent) {
      output.append(UInt8(decimals))
      for column in columns { output.append(packed: column, where: isPresent) }
      return
    }
    output.append(single)
    output.append(runs: rows.indices) { index, bytes in
      guard isPresent?[index] ?? true else { return }
      let row = rows[index]
      for number in [row.min, row.max] { number.encode(into: &bytes) }
      for number in [row.first, row.last] { number.encode(into: &bytes) }
    }
  }

  /// A double of a decimal with fewer digits than this comes from no other such decimal.
  private static let maxSureMantissa: UInt64 = 1_000_000_000_000_000

  /// A number as exact sums take it. Looking for its decimals takes long, and mostly `other` has them.
  static func kept(_ number: Number, like other: KeptNumber) -> KeptNumber {
    if let decimals = other.decimals, let mantissa = other.mantissa(scale: decimals),
      mantissa.magnitude < maxSureMantissa, self.number(mantissa, decimals) == number
    {
      return other
    }
    return KeptNumber(number)
  }

  /// All of them in one unit, the greatest that will do; nil when some do not fit.
  private static func mantissas(
    _ rows: [NumberEnds], _ isPresent: [Bool]?
  ) -> (decimals: Int, columns: [[Int64]])? {
    var decimals = 0
    var extremes: [(min: KeptNumber, max: KeptNumber)] = []
    extremes.reserveCapacity(rows.count)
    for (index, row) in rows.enumerated() {
      extremes.append((kept(row.min, like: row.first), kept(row.max, like: row.last)))
      guard isPresent?[index] ?? true else { continue }
      for number in [extremes[index].min, extremes[index].max, row.first, row.last] {
        guard let own = number.decimals else { return nil }
        decimals = max(decimals, own)
      }
    }
    var columns: [[Int64]] = [[], [], [], []]
    for column in columns.indices { columns[column].reserveCapacity(rows.count) }
    for (index, row) in rows.enumerated() {
      guard isPresent?[index] ?? true else {
        for column in columns.indices { columns[column].append(0) }
        continue
      }
      guard let low = extremes[index].min.mantissa(scale: decimals),
        let high = extremes[index].max.mantissa(scale: decimals),
        let first = row.first.mantissa(scale: decimals),
        let last = row.last.mantissa(scale: decimals),
        number(low, decimals) == row.min, number(high, decimals) == row.max
      else { return nil }
      columns[0].append(low)
      columns[1].append(high &- low)
      columns[2].append(first &- low)
      columns[3].append(last &- low)
    }
    return (decimals, columns)
  }
}
