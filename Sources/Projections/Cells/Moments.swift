import Bytes

/// Sums of the numbers of a cell, mergeable: count, sum, deviations, extremes, first and last.
///
/// The sum is compensated (Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
/// Summen", 1974); deviations are merged after Chan, Golub and LeVeque, "Updating Formulae and a Pairwise
/// Algorithm for Computing Sample Variances", 1979. Floating-point results depend on the order of merging, so the
/// order is fixed: see ``BlockFold``.
struct Moments: Sendable, Equatable {
  var count: UInt64 = 0
  var sum = 0.0
  /// What rounding took from `sum`.
  var compensation = 0.0
  /// Sum of squared distances from the mean.
  var deviations = 0.0
  var min = Double.infinity
  var max = -Double.infinity
  var firstNs = Int64.max
  var first = 0.0
  var lastNs = Int64.min
  var last = 0.0

  var total: Double { sum + compensation }
  var mean: Double { total / Double(count) }

  /// Adds a number, but for the deviations.
  @inline(__always)
  mutating func add(_ number: Double, timeNs: Int64) {
    count += 1
    addToSum(number)
    if number < min { min = number }
    if number > max { max = number }
    if timeNs < firstNs { (firstNs, first) = (timeNs, number) }
    if timeNs >= lastNs { (lastNs, last) = (timeNs, number) }
  }

  @inline(__always)
  private mutating func addToSum(_ number: Double) {
    let total = sum + number
    compensation +=
      sum.magnitude >= number.magnitude ? (sum - total) + number : (number - total) + sum
    sum = total
  }

  /// Adds what came after.
  mutating func merge(_ next: Moments) {
    if next.count == 0 { return }
    if count == 0 {
      self = next
      return
    }
    let distance = next.mean - mean
    let (left, right) = (Double(count), Double(next.count))
    deviations += next.deviations + distance * distance * (left * right / (left + right))
    count += next.count
    addToSum(next.sum)
    compensation += next.compensation
    if next.min < min { min = next.min }
    if next.max > max { max = next.max }
    if next.firstNs < firstNs { (firstNs, first) = (next.firstNs, next.first) }
    if next.lastNs >= lastNs { (lastNs, last) = (next.lastNs, next.last) }
  }

  func encode(into bytes: inout [UInt8]) {
    bytes.append(varint: count)
    if count == 0 { return }
    for value in [sum, compensation, deviations, min, max, first, last] {
      bytes.append(littleEndian: value.bitPattern)
    }
    bytes.append(signedVarint: firstNs)
    bytes.append(varint: UInt64(bitPattern: lastNs &- firstNs))
  }

  init() {}

  init(_ reader: inout ByteReader) throws(MalformedBytes) {
    count = try reader.varint()
    if count == 0 { return }
    sum = Double(bitPattern: try reader.integer(UInt64.self))
    compensation = Double(bitPattern: try reader.integer(UInt64.self))
    deviations = Double(bitPattern: try reader.integer(UInt64.self))
    min = Double(bitPattern: try reader.integer(UInt64.self))
    max = Double(bitPattern: try reader.integer(UInt64.self))
    first = Double(bitPattern: try reader.integer(UInt64.self))
    last = Double(bitPattern: try reader.integer(UInt64.self))
    firstNs = try reader.signedVarint()
    lastNs = firstNs &+ Int64(bitPattern: try reader.varint())
  }
}
