import Bytes
// Links the mathematics of the C library, which `squareRoot` refers to.
import Foundation

/// Estimates how many distinct things there were, from their 64-bit hashes, in at most some 4 KiB.
///
/// Up to ``exactLimit`` distinct hashes are kept as they are, so that the count is exact. Beyond
/// that it is a HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007; 64-bit hashes as in Heule,
/// Nunkesser, Hall 2013) of 4096 registers. What it holds is a function of the set of hashes,
/// whatever the order of inserting and merging. The hashes must be uniform in all of their bits.
public struct HyperLogLog: Equatable, Sendable {
  /// The standard error of an estimate that is not exact, `1.04 / sqrt(4096)`, relative to the true
  /// count.
  public static let relativeError = 0.01625
  /// The most distinct hashes that are counted exactly.
  public static let exactLimit = 512

  /// The bits of a hash that choose its register.
  static let precision = 12
  static let registerCount = 1 << precision
  /// The greatest value of a register: all of the hash's other bits are zero.
  static let maxRank = UInt8(64 - precision + 1)

  /// Ascending; empty when there are registers.
  private var hashes: [UInt64] = []
  /// For each value of a hash's first bits, the greatest rank seen; empty while hashes are kept.
  private var registers: [UInt8] = []

  /// A sketch of no hashes.
  public init() {}

  /// Whether ``estimate()`` is the exact number of distinct hashes.
  public var isExact: Bool { registers.isEmpty }
  public var isEmpty: Bool { isExact && hashes.isEmpty }

  /// What it takes in memory beside itself. O(1).
  public var byteCount: Int { 8 * hashes.capacity + registers.capacity }

  /// Adds a hash. O(1), and at most O(``exactLimit``) while the count is exact.
  public mutating func insert(hash: UInt64) {
    if !isExact { return raiseRegister(hash) }
    var low = 0
    var high = hashes.count
    while low < high {
      let middle = (low + high) / 2
      if hashes[middle] < hash { low = middle + 1 } else { high = middle }
    }
    if low < hashes.count, hashes[low] == hash { return }
    hashes.insert(hash, at: low)
    if hashes.count > Self.exactLimit { turnToRegisters() }
  }

  /// Adds the hashes of `other`. Commutative, associative and idempotent. O(registers), or as
  /// many insertions as `other` keeps hashes.
  public mutating func merge(_ other: HyperLogLog) {
    if other.isExact {
      for hash in other.hashes { insert(hash: hash) }
      return
    }
    if isExact { turnToRegisters() }
    let others = other.registers.span
    registers.withMutableSpan { registers in
      for index in others.indices { registers[index] = max(registers[index], others[index]) }
    }
  }

  private mutating func turnToRegisters() {
    registers = Array(repeating: 0, count: Self.registerCount)
    for hash in hashes { raiseRegister(hash) }
    hashes = []
  }

  /// The rank is the position of the first one bit after those that choose the register, from 1 on.
  @inline(__always)
  private mutating func raiseRegister(_ hash: UInt64) {
    let index = Int(truncatingIfNeeded: hash >> UInt64(64 - Self.precision))
    // The bit put in last bounds the rank when all of the rest are zero.
    let rest = hash << UInt64(Self.precision) | 1 << UInt64(Self.precision - 1)
    let rank = UInt8(truncatingIfNeeded: rest.leadingZeroBitCount + 1)
    if registers[index] < rank { registers[index] = rank }
  }

  /// How many distinct hashes were inserted: exactly, when ``isExact``, else with
  /// ``relativeError``. O(registers).
  ///
  /// The improved estimator of Ertl: "New cardinality estimation algorithms for HyperLogLog
  /// sketches" (2017), algorithm 6, which is unbiased over the whole range without tables of
  /// corrections.
  public func estimate() -> UInt64 {
    if isExact { return UInt64(hashes.count) }
    var histogram = Array(repeating: 0, count: Int(Self.maxRank) + 1)
    for rank in registers { histogram[Int(rank)] += 1 }
    let size = Double(Self.registerCount)
    var sum = size * Self.tau(1 - Double(histogram[Int(Self.maxRank)]) / size)
    for rank in stride(from: Int(Self.maxRank) - 1, through: 1, by: -1) {
      sum = 0.5 * (sum + Double(histogram[rank]))
    }
    sum += size * Self.sigma(Double(histogram[0]) / size)
    let ln2 = 0.6931471805599453
    let estimate = (size * size / (2 * ln2 * sum)).rounded()
    if estimate >= 0x1p64 { return .max }
    // There are registers only after more hashes than are kept.
    return max(UInt64(estimate), UInt64(Self.exactLimit) + 1)
  }

  /// Ertl's correction for registers at zero, the share `share` of all.
  private static func sigma(_ share: Double) -> Double {
    if share == 1 { return .infinity }
    var (power, weight, sum, previous) = (share, 1.0, share, -1.0)
    while sum != previous {
      previous = sum
      power *= power
      sum += power * weight
      weight += weight
    }
    return sum
  }

  /// Ertl's correction for saturated registers; `share` is that of all the others.
  private static func tau(_ share: Double) -> Double {
    if share == 0 || share == 1 { return 0 }
    var (root, weight, sum, previous) = (share, 1.0, 1 - share, -1.0)
    while sum != previous {
      previous = sum
      root = root.squareRoot()
      weight *= 0.5
      sum -= (1 - root) * (1 - root) * weight
    }
    return sum / 3
  }
}

extension HyperLogLog {
  /// Appends the sketch. While exact: the number of hashes as a varint, and the hashes in 8 bytes
  /// each, ascending. Else: the varint ``exactLimit`` + 1, the least register, the bits that the
  /// greatest register less that one takes, and the registers less that one, packed in that many
  /// bits each; 2 to 3 KiB. O(size).
  public func encode(into output: inout [UInt8]) {
    guard let least = registers.min(), let greatest = registers.max() else {
      output.append(varint: UInt64(hashes.count))
      for hash in hashes { output.append(littleEndian: hash) }
      return
    }
    let width = Self.width(least, greatest)
    output.append(varint: UInt64(Self.exactLimit) + 1)
    output.append(least)
    output.append(UInt8(width))
    let differences = registers.map { UInt64($0 - least) }
    BitPacking.pack(differences.span, width: width, into: &output)
  }

  /// Reads what ``encode(into:)`` wrote. Throws when the bytes end early, or are not what it writes
  /// for any set of hashes. O(size).
  public init(_ reader: inout ByteReader) throws(MalformedBytes) {
    let count = try reader.count(limit: Self.exactLimit + 1)
    if count > Self.exactLimit {
      registers = try Self.readRegisters(&reader)
      return
    }
    for _ in 0..<count {
      let hash = try reader.integer(UInt64.self)
      if let last = hashes.last, hash <= last { throw MalformedBytes(offset: reader.offset) }
      hashes.append(hash)
    }
  }

  private static func readRegisters(
    _ reader: inout ByteReader
  ) throws(MalformedBytes) -> [UInt8] {
    let least = try reader.integer(UInt8.self)
    let width = Int(try reader.integer(UInt8.self))
    guard least <= maxRank, width <= 6 else { throw MalformedBytes(offset: reader.offset) }
    let start = try reader.advance(
      by: BitPacking.byteCount(count: registerCount, width: width))
    // Eight registers take as many bytes as one takes bits.
    let mask: UInt64 = 1 << UInt64(width) - 1
    var registers = [UInt8](repeating: 0, count: registerCount)
    var (lowest, greatest): (UInt8, UInt8) = (.max, 0)
    var target = registers.mutableSpan
    for group in 0..<registerCount / 8 {
      var word = reader.bytes.word(at: start + group * width)
      for index in group * 8..<group * 8 + 8 {
        let register = least + UInt8(truncatingIfNeeded: word & mask)
        target[index] = register
        (lowest, greatest) = (min(lowest, register), max(greatest, register))
        word >>= UInt64(width)
      }
    }
    guard lowest == least, greatest > 0, greatest <= maxRank,
      Self.width(least, greatest) == width
    else { throw MalformedBytes(offset: reader.offset) }
    return registers
  }

  private static func width(_ least: UInt8, _ greatest: UInt8) -> Int {
    UInt8.bitWidth - (greatest - least).leadingZeroBitCount
  }
}
