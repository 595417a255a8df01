import Bytes

/// Integers as a block stores them: runs of up to 1,024 values, each run in the cheapest of three forms,
/// with the few values that do not fit the run's width kept apart (patched frame of reference, after
/// Zukowski et al., "Super-Scalar RAM-CPU Cache Compression", 2006).
enum IntegerCoding {
  static let runLength = 1_024

  /// How a run's values are made small.
  enum Transform: UInt8, CaseIterable {
    /// Distance from the smallest.
    case offset
    /// Distance of each step from the smallest step: counters and positions.
    case step
    /// Each step, zigzag: times that mostly rise.
    case signedStep
  }

  private static let constant: UInt8 = 0
  private static let runs: UInt8 = 1
  /// Bits that one patched value costs beside its packed place.
  private static let patchBits = 16 + 64

  /// Appends `values`. O(values).
  static func encode(_ values: borrowing [Int64], into output: inout [UInt8]) {
    guard let first = values.first else { return }
    if isConstant(values) {
      output.append(constant)
      output.append(signedVarint: first)
      return
    }
    output.append(runs)
    var scratch: [UInt64] = []
    scratch.reserveCapacity(runLength)
    var transform: Transform?
    for (index, start) in stride(from: 0, to: values.count, by: runLength).enumerated() {
      let range = start..<min(start + runLength, values.count)
      // The cheapest form seldom changes from run to run, so it is looked for only now and then.
      if index % 8 == 0 { transform = nil }
      transform = encodeRun(values, range, transform, &scratch, into: &output)
    }
  }

  private static func isConstant(_ values: borrowing [Int64]) -> Bool {
    let first = values[0]
    for index in values.indices where values[index] != first { return false }
    return true
  }

  private static func encodeRun(
    _ values: borrowing [Int64], _ range: Range<Int>, _ known: Transform?,
    _ scratch: inout [UInt64], into output: inout [UInt8]
  ) -> Transform {
    var best: (transform: Transform, base: Int64, width: Int, cost: Int)?
    for transform in Transform.allCases where known == nil || known == transform {
      let base = apply(transform, values, range, &scratch)
      let (width, cost) = cheapestWidth(scratch)
      if best == nil || cost < best!.cost { best = (transform, base, width, cost) }
    }
    guard let best else { return .offset }
    if known == nil { _ = apply(best.transform, values, range, &scratch) }
    write(
      best.transform, base: best.base, first: values[range.lowerBound], best.width, scratch, &output
    )
    return best.transform
  }

  /// Fills `scratch` with the transformed values; gives the base to add back.
  private static func apply(
    _ transform: Transform, _ values: borrowing [Int64], _ range: Range<Int>,
    _ scratch: inout [UInt64]
  ) -> Int64 {
    scratch.removeAll(keepingCapacity: true)
    let span = values.span
    switch transform {
    case .offset:
      var low = Int64.max
      for index in range { low = min(low, span[index]) }
      for index in range { scratch.append(UInt64(bitPattern: span[index] &- low)) }
      return low
    case .step:
      var low = Int64.max
      for index in range.dropFirst() { low = min(low, span[index] &- span[index - 1]) }
      if range.count == 1 { low = 0 }
      scratch.append(0)
      for index in range.dropFirst() {
        scratch.append(UInt64(bitPattern: span[index] &- span[index - 1] &- low))
      }
      return low
    case .signedStep:
      scratch.append(0)
      for index in range.dropFirst() { scratch.append((span[index] &- span[index - 1]).zigzag) }
      return 0
    }
  }

  private static func cheapestWidth(_ values: borrowing [UInt64]) -> (width: Int, bits: Int) {
    var lengths: InlineArray<65, Int> = .init(repeating: 0)
    let span = values.span
    for index in span.indices { lengths[64 - span[index].leadingZeroBitCount] += 1 }
    var best = (width: 64, bits: span.count * 64)
    var patched = 0
    for bits in stride(from: 64, through: 0, by: -1) {
      let width = BitPacking.width(forBits: bits)
      let cost = span.count * width + patched * patchBits
      if cost <= best.bits { best = (width, cost) }
      patched += lengths[bits]
    }
    return best
  }

  private static func write(
    _ transform: Transform, base: Int64, first: Int64, _ width: Int,
    _ values: borrowing [UInt64], _ output: inout [UInt8]
  ) {
    output.append(transform.rawValue)
    output.append(UInt8(width))
    output.append(signedVarint: base)
    if transform != .offset { output.append(signedVarint: first) }
    let span = values.span
    let limit = width == 64 ? UInt64.max : (1 << UInt64(width)) - 1
    var patches: [(Int, UInt64)] = []
    for index in span.indices where span[index] > limit { patches.append((index, span[index])) }
    output.append(varint: UInt64(patches.count))
    // A packed value is cut to its width by the packer's callers, never by the packer.
    if patches.isEmpty {
      BitPacking.pack(span, width: width, into: &output)
    } else {
      var cut = copy values
      for (index, _) in patches { cut[index] &= limit }
      BitPacking.pack(cut.span, width: width, into: &output)
    }
    for (index, value) in patches {
      output.append(littleEndian: UInt16(index))
      output.append(littleEndian: value)
    }
  }

  /// Reads `count` values appended by `encode`. O(count).
  static func decode(
    _ reader: inout ByteReader, count: Int, into output: inout [Int64]
  ) throws(MalformedBytes) {
    output.removeAll(keepingCapacity: true)
    guard count > 0 else { return }
    switch try reader.integer(UInt8.self) {
    case constant:
      let value = try reader.signedVarint()
      output.append(contentsOf: repeatElement(value, count: count))
    case runs:
      output.reserveCapacity(count)
      for start in stride(from: 0, to: count, by: runLength) {
        try decodeRun(&reader, start..<min(start + runLength, count), into: &output)
      }
    default:
      throw MalformedBytes(offset: reader.offset)
    }
  }

  private static func decodeRun(
    _ reader: inout ByteReader, _ range: Range<Int>, into output: inout [Int64]
  ) throws(MalformedBytes) {
    let start = reader.offset
    guard let transform = Transform(rawValue: try reader.integer(UInt8.self)) else {
      throw MalformedBytes(offset: start)
    }
    let width = Int(try reader.integer(UInt8.self))
    guard width <= 57 || width == 64 else { throw MalformedBytes(offset: start) }
    let base = try reader.signedVarint()
    let first = transform == .offset ? 0 : try reader.signedVarint()
    let patchCount = try reader.count(limit: range.count)
    let packed = try reader.advance(
      by: BitPacking.byteCount(count: range.count, width: width))
    BitPacking.unpack(range.count, width: width, in: reader.bytes, from: packed, into: &output)
    var values = output.mutableSpan
    for _ in 0..<patchCount {
      let index = Int(try reader.integer(UInt16.self))
      guard index < range.count else { throw MalformedBytes(offset: reader.offset) }
      values[range.lowerBound + index] = Int64(bitPattern: try reader.integer(UInt64.self))
    }
    switch transform {
    case .offset:
      for index in range { values[index] &+= base }
    case .step:
      var sum = first
      values[range.lowerBound] = first
      for index in range.dropFirst() {
        sum = sum &+ values[index] &+ base
        values[index] = sum
      }
    case .signedStep:
      var sum = first
      values[range.lowerBound] = first
      for index in range.dropFirst() {
        sum = sum &+ Int64(zigzag: UInt64(bitPattern: values[index]))
        values[index] = sum
      }
    }
  }
}
