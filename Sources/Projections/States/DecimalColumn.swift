import Bytes
import Model

/// Exact sums as a column: as integers of 64 bits in the greatest unit that all are multiples of, or each by itself.
struct DecimalColumn {
  private enum Form {
    case scaled(PackedIntegers, unit: Int64)
    case single(PackedRuns)
  }

  private let form: Form

  /// Said instead of how many decimals the unit has.
  private static let single: UInt8 = 255
  /// 10^0 to 10^18.
  private static let powers: [Int64] = (0...18).map { exponent in
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }

  /// Passes over a column of sums in units of 10^-`scale`, to read some of them. O(1).
  init(_ reader: inout ByteReader, count: Int, scale: Int) throws(MalformedBytes) {
    let decimals = try reader.integer(UInt8.self)
    if decimals == Self.single {
      form = .single(try PackedRuns(&reader, count: count))
    } else {
      guard decimals <= scale else { throw MalformedBytes(offset: reader.offset) }
      let unit = Self.powers[scale - Int(decimals)]
      form = .scaled(try PackedIntegers(&reader, count: count), unit: unit)
    }
  }

  /// Calls `body` with the place of each of `rows` among them, and its sum. O(rows).
  func forEach(
    _ rows: [Int32], in bytes: RawSpan, _ body: (Int, Int256) -> Void
  ) throws(MalformedBytes) {
    switch form {
    case .scaled(let column, let unit):
      let values = column.values(rows, in: bytes)
      for index in rows.indices { body(index, Int256(Int128(values[index]) * Int128(unit))) }
    case .single(let runs):
      for index in rows.indices {
        let range = try runs.range(Int(rows[index]), in: bytes)
        if range.isEmpty {
          body(index, .zero)
        } else {
          var reader = ByteReader(bytes.extracting(range))
          body(index, try Int256(&reader))
        }
      }
    }
  }

  /// The sums as integers in the greatest unit that all are multiples of; nil when some do not fit.
  private static func mantissas(
    _ values: [Int256], _ isPresent: [Bool]?, scale: Int
  ) -> (decimals: Int, mantissas: [Int64])? {
    var decimals = 0
    for (index, value) in values.enumerated() where isPresent?[index] ?? true {
      guard let value = value.int128 else { return nil }
      if let narrow = Int64(exactly: value) {
        while narrow % powers[scale - decimals] != 0 { decimals += 1 }
      } else {
        while value % Int128(powers[scale - decimals]) != 0 { decimals += 1 }
      }
    }
    let unit = powers[scale - decimals]
    var mantissas: [Int64] = []
    mantissas.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard isPresent?[index] ?? true, let value = value.int128 else {
        mantissas.append(0)
        continue
      }
      if let narrow = Int64(exactly: value) {
        mantissas.append(narrow / unit)
      } else if let quotient = Int64(exactly: value / Int128(unit)) {
        mantissas.append(quotient)
      } else {
        return nil
      }
    }
    return (decimals, mantissas)
  }

  /// Appends sums in units of 10^-`scale` as they are read. O(sums).
  static func append(
    _ values: [Int256], where isPresent: [Bool]?, scale: Int, to output: inout [UInt8]
  ) {
    if let (decimals, mantissas) = mantissas(values, isPresent, scale: scale) {
      output.append(UInt8(decimals))
      return output.append(packed: mantissas, where: isPresent)
    }
    output.append(single)
    output.append(runs: values.indices) { index, bytes in
      if isPresent?[index] ?? true { values[index].encode(into: &bytes) }
    }
  }
}

extension [UInt8] {
  /// Appends a run of bytes for each of `rows`, which `encode` appends.
  mutating func append<Rows: Collection>(
    runs rows: Rows, _ encode: (Rows.Element, inout [UInt8]) -> Void
  ) {
    var (bytes, ends): ([UInt8], [Int]) = ([], [])
    ends.reserveCapacity(rows.count)
    for row in rows {
      encode(row, &bytes)
      ends.append(bytes.count)
    }
    append(runs: bytes, ends: ends)
  }
}
