import Bytes
import Model

/// A reading of a counter or gauge.
struct Sample: Sendable, Equatable {
  var timeNs: Int64
  var value: KeptNumber
}

/// Samples of one series by time, as the bytes that a page has of them: of each its time and value as differences from the
/// one before. They take some 8 bytes each, a quarter of what they take one by one.
struct PackedSamples: Sendable, Equatable {
  private(set) var count = 0
  /// The latest one.
  private(set) var last: Sample?
  /// The least scale at which all values have mantissas of 64 bits; nil when there is none, and each value stands as it is.
  private var scale: Int? = 0
  private var bytes: [UInt8] = []

  init() {}

  /// Samples in order of time. O(samples).
  init(_ samples: some Sequence<Sample>) {
    for sample in samples { append(sample) }
  }

  /// What they take in memory beside themselves. O(1).
  var byteCount: Int { bytes.capacity }

  /// Adds a sample that is not before the last one. O(1), and O(samples) for one that has more decimals than all before or
  /// is the first that is none of 64 bits.
  mutating func append(_ sample: Sample) {
    precondition(sample.timeNs >= last?.timeNs ?? .min, "samples are packed out of order")
    if let scale, sample.value.mantissa(scale: scale) == nil {
      repack(at: sample.value.decimals.map { max($0, scale) }, with: sample.value)
    }
    if let last {
      bytes.append(varint: UInt64(bitPattern: sample.timeNs &- last.timeNs))
    } else {
      bytes.append(signedVarint: sample.timeNs)
    }
    if let scale, let mantissa = sample.value.mantissa(scale: scale) {
      bytes.append(signedVarint: mantissa &- (last?.value.mantissa(scale: scale) ?? 0))
    } else {
      sample.value.encode(into: &bytes)
    }
    last = sample
    count += 1
  }

  /// Packs all at another scale, or each by itself where one of them, or `next`, has no mantissa there.
  private mutating func repack(at wanted: Int?, with next: KeptNumber) {
    let samples = samples
    let fits = wanted.map { scale in
      next.mantissa(scale: scale) != nil
        && samples.allSatisfy { $0.value.mantissa(scale: scale) != nil }
    }
    var packed = PackedSamples()
    packed.scale = fits == true ? wanted : nil
    packed.bytes.reserveCapacity(bytes.count)
    for sample in samples { packed.append(sample) }
    self = packed
  }

  /// All of them. O(samples).
  var samples: [Sample] {
    var samples: [Sample] = []
    samples.reserveCapacity(count)
    var reader = ByteReader(bytes.rawSpan)
    do {
      try Self.forEach(count, scale, &reader) { samples.append($0) }
    } catch {
      preconditionFailure("packed samples are not what was packed")
    }
    return samples
  }

  /// Reads `count` samples one by one.
  private static func forEach(
    _ count: Int, _ scale: Int?, _ reader: inout ByteReader, _ body: (Sample) -> Void
  ) throws(MalformedBytes) {
    var (timeNs, mantissa): (Int64, Int64) = (0, 0)
    for index in 0..<count {
      timeNs =
        index == 0
        ? try reader.signedVarint() : timeNs &+ Int64(bitPattern: try reader.varint())
      if let scale {
        mantissa &+= try reader.signedVarint()
        body(Sample(timeNs: timeNs, value: KeptNumber(mantissa: mantissa, scale: scale)))
      } else {
        body(Sample(timeNs: timeNs, value: try KeptNumber(&reader)))
      }
    }
  }
}

// MARK: On disk: docs/formats/cells.md

extension PackedSamples {
  /// Appends at least one sample. O(bytes).
  func encode(into output: inout [UInt8]) {
    output.append(varint: UInt64(count))
    output.append(scale.map { UInt8($0 + 1) } ?? 0)
    output.append(contentsOf: bytes)
  }

  /// Reads what ``encode(into:)`` wrote. O(bytes).
  init(_ reader: inout ByteReader) throws(MalformedBytes) {
    let count = try reader.count()
    guard count > 0 else { throw MalformedBytes(offset: reader.offset) }
    let decimals = Int(try reader.integer(UInt8.self)) - 1
    guard decimals <= ExactNumber.scale else { throw MalformedBytes(offset: reader.offset) }
    let scale = decimals < 0 ? nil : decimals
    let start = reader.offset
    var (last, isOrdered): (Sample?, Bool) = (nil, true)
    try Self.forEach(count, scale, &reader) { sample in
      if sample.timeNs < last?.timeNs ?? .min { isOrdered = false }
      last = sample
    }
    guard isOrdered, let last else { throw MalformedBytes(offset: reader.offset) }
    (self.count, self.last, self.scale) = (count, last, scale)
    bytes.append(span: reader.bytes.extracting(start..<reader.offset))
  }
}
