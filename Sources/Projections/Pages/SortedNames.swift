import Bytes

/// The groups of a page in their order. What all begin and end with stands once, and each bears only what it has other
/// than the one before. Every sixteenth begins anew, so that one is found by halving.
struct SortedNames {
  let count: Int
  private let prefix: Range<Int>
  private let suffix: Range<Int>
  private let blocks: PackedRuns

  private static let blockSize = 16
  /// A half of a byte for a length; with this one the rest follows.
  private static let longLength = 15

  /// Passes over `count` names, to read some of them. O(1).
  init(_ reader: inout ByteReader, count: Int) throws(MalformedBytes) {
    self.count = count
    let prefixBytes = try reader.count()
    let start = try reader.advance(by: prefixBytes)
    prefix = start..<start + prefixBytes
    let suffixBytes = try reader.count()
    let end = try reader.advance(by: suffixBytes)
    suffix = end..<end + suffixBytes
    blocks = try PackedRuns(&reader, count: (count + Self.blockSize - 1) / Self.blockSize)
  }

  /// Calls `body` with each name, in their order. O(bytes).
  func forEach(in bytes: RawSpan, _ body: (Int, RawSpan) throws -> Void) throws {
    var name: [UInt8] = []
    for block in 0..<blocks.count {
      var reader = ByteReader(bytes.extracting(try begin(block, in: bytes, &name)))
      for index in block * Self.blockSize..<min((block + 1) * Self.blockSize, count) {
        try step(&reader, in: bytes, &name)
        try body(index, name.rawSpan)
      }
      guard reader.isAtEnd else { throw MalformedBytes(offset: reader.offset) }
    }
  }

  /// The place of a name; nil when it is not there. O(log count).
  func find(_ wanted: RawSpan, in bytes: RawSpan) throws(MalformedBytes) -> Int? {
    var name: [UInt8] = []
    // The first block that begins after it.
    var (low, high) = (0, blocks.count)
    while low < high {
      let middle = (low + high) / 2
      var reader = ByteReader(bytes.extracting(try begin(middle, in: bytes, &name)))
      try step(&reader, in: bytes, &name)
      if wanted.precedes(name.rawSpan) { high = middle } else { low = middle + 1 }
    }
    if low == 0 { return nil }
    let first = (low - 1) * Self.blockSize
    var reader = ByteReader(bytes.extracting(try begin(low - 1, in: bytes, &name)))
    for index in first..<min(first + Self.blockSize, count) {
      try step(&reader, in: bytes, &name)
      if name.rawSpan.isEqual(to: wanted) { return index }
      if wanted.precedes(name.rawSpan) { return nil }
    }
    return nil
  }

  /// Makes `name` what the first one of a block is told from; gives where the block is.
  private func begin(
    _ block: Int, in bytes: RawSpan, _ name: inout [UInt8]
  ) throws(MalformedBytes) -> Range<Int> {
    name.removeAll(keepingCapacity: true)
    name.append(span: bytes.extracting(prefix))
    name.append(span: bytes.extracting(suffix))
    return try blocks.range(block, in: bytes)
  }

  /// Makes `name`, which is the one before, the next one of a block.
  private func step(
    _ reader: inout ByteReader, in bytes: RawSpan, _ name: inout [UInt8]
  ) throws(MalformedBytes) {
    let head = Int(try reader.integer(UInt8.self))
    func length(_ half: Int) throws(MalformedBytes) -> Int {
      half < Self.longLength ? half : half + (try reader.count(limit: 1 << 32))
    }
    let shared = try length(head >> 4)
    let added = try length(head & 15)
    guard prefix.count + shared <= name.count - suffix.count else {
      throw MalformedBytes(offset: reader.offset)
    }
    let start = try reader.advance(by: added)
    name.removeLast(name.count - prefix.count - shared)
    name.append(span: reader.bytes.extracting(start..<start + added))
    name.append(span: bytes.extracting(suffix))
  }
}

extension SortedNames {
  /// Appends names, which are those of `numbers` in ascending order, as they are read. O(bytes).
  static func append(
    _ numbers: ArraySlice<Int32>, of names: ByteStrings, to output: inout [UInt8]
  ) {
    guard let first = numbers.first, let last = numbers.last else { return }
    func name(_ number: Int32) -> Range<Int> { names.range(Int(number)) }
    let all = names.bytes.rawSpan
    let one = all.extracting(name(first))
    let prefix = one.commonPrefix(all.extracting(name(last)))
    var suffix = numbers.count == 1 ? 0 : one.byteCount - prefix
    for number in numbers.dropFirst() {
      let range = name(number)
      suffix = min(suffix, range.count - prefix)
      var shared = 0
      while shared < suffix,
        one.byte(at: one.byteCount - 1 - shared) == all.byte(at: range.upperBound - 1 - shared)
      { shared += 1 }
      suffix = shared
    }
    output.append(varint: UInt64(prefix))
    output.append(span: one.extracting(0..<prefix))
    output.append(varint: UInt64(suffix))
    output.append(span: one.extracting(one.byteCount - suffix..<one.byteCount))

    var (bytes, ends): ([UInt8], [Int]) = ([], [])
    // What the one before has between the prefix and the suffix.
    var before = 0..<0
    for (index, number) in numbers.enumerated() {
      let range = name(number).lowerBound + prefix..<name(number).upperBound - suffix
      if index % blockSize == 0 {
        if index > 0 { ends.append(bytes.count) }
        before = range.lowerBound..<range.lowerBound
      }
      let shared = all.extracting(before).commonPrefix(all.extracting(range))
      append(shared, range.count - shared, to: &bytes)
      bytes.append(span: all.extracting(range.lowerBound + shared..<range.upperBound))
      before = range
    }
    ends.append(bytes.count)
    output.append(runs: bytes, ends: ends)
  }

  private static func append(_ shared: Int, _ added: Int, to bytes: inout [UInt8]) {
    bytes.append(UInt8(min(shared, longLength) << 4 | min(added, longLength)))
    for length in [shared, added] where length >= longLength {
      bytes.append(varint: UInt64(length - longLength))
    }
  }
}
