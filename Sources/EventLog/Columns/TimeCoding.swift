import Bytes

/// Times as a block stores them: in the coarsest unit that loses nothing, since few clocks tick in
/// nanoseconds.
enum TimeCoding {
  private static let unitsNs: [Int64] = [1_000_000_000, 1_000_000, 1_000, 1]

  /// Appends times in nanoseconds. O(values).
  static func encode(_ times: borrowing [Int64], into output: inout [UInt8]) {
    var unit = 0
    for index in times.indices {
      while times[index] % unitsNs[unit] != 0 { unit += 1 }
    }
    let unitNs = unitsNs[unit]
    output.append(UInt8(unit))
    if unitNs == 1 { return IntegerCoding.encode(times, into: &output) }
    var scaled: [Int64] = []
    scaled.reserveCapacity(times.count)
    for index in times.indices { scaled.append(times[index] / unitNs) }
    IntegerCoding.encode(scaled, into: &output)
  }

  static func decode(
    _ reader: inout ByteReader, count: Int, into output: inout [Int64]
  ) throws(MalformedBytes) {
    let start = reader.offset
    let unit = Int(try reader.integer(UInt8.self))
    guard unit < unitsNs.count else { throw MalformedBytes(offset: start) }
    try IntegerCoding.decode(&reader, count: count, into: &output)
    let unitNs = unitsNs[unit]
    if unitNs > 1 {
      for index in output.indices { output[index] = output[index] &* unitNs }
    }
  }
}
