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

  /// The place of a name; nil when it is not there. Allocates nothing. O(log count).
  func find(_ wanted: RawSpan, in bytes: RawSpan) throws(MalformedBytes) -> Int? {
    let rest = wanted.byteCount - prefix.count
    guard rest >= suffix.count,
      wanted.extracting(0..<prefix.count).isEqual(to: bytes.extracting(prefix)),
      wanted.extracting(wanted.byteCount - suffix.count..<wanted.byteCount)
        .isEqual(to: bytes.extracting(suffix))
    else { return nil }
    let tail = wanted.extracting(prefix.count..<wanted.byteCount)
    // The first block that begins after it.
    var (low, high) = (0, blocks.count)
    while low < high {
      let middle = (low + high) / 2
      var reader = ByteReader(bytes.extracting(try blocks.range(middle, in: bytes)))
      let first = try lengths(&reader)
      guard first.shared == 0 else { throw MalformedBytes(offset: reader.offset) }
      let own = reader.bytes.extracting(first.added)
      if precedes(tail, own, in: bytes) { high = middle } else { low = middle + 1 }
    }
    return low == 0 ? nil : try find(tail.extracting(0..<rest - suffix.count), low - 1, in: bytes)
  }

  /// The same of what a name has of its own, between the prefix and the suffix, among those of a block.
  private func find(
    _ wanted: RawSpan, _ block: Int, in bytes: RawSpan
  ) throws(MalformedBytes) -> Int? {
    var reader = ByteReader(bytes.extracting(try blocks.range(block, in: bytes)))
    // How long the name before is, and how much of it is as wanted.
    var (byteCount, same) = (0, 0)
    for index in block * Self.blockSize..<min((block + 1) * Self.blockSize, count) {
      let (shared, added) = try lengths(&reader)
      guard shared <= byteCount else { throw MalformedBytes(offset: reader.offset) }
      byteCount = shared + added.count
      if shared > same { continue }
      let rest = wanted.extracting(shared..<wanted.byteCount)
      same = shared + reader.bytes.extracting(added).commonPrefix(rest)
      if same == byteCount, same == wanted.byteCount { return index }
    }
    return nil
  }

  /// Whether `tail` sorts before a name of which this is what stands behind the prefix and before the suffix.
  private func precedes(_ tail: RawSpan, _ own: RawSpan, in bytes: RawSpan) -> Bool {
    let same = tail.commonPrefix(own)
    if same < own.byteCount {
      return same == tail.byteCount || tail.byte(at: same) < own.byte(at: same)
    }
    return tail.extracting(same..<tail.byteCount).precedes(bytes.extracting(suffix))
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
    let (shared, added) = try lengths(&reader)
    guard prefix.count + shared <= name.count - suffix.count else {
      throw MalformedBytes(offset: reader.offset)
    }
    if added.count == name.count - suffix.count - prefix.count - shared {
      // Of the same length, as names mostly are.
      let (own, start) = (reader.bytes.extracting(added), prefix.count + shared)
      for offset in 0..<added.count { name[start + offset] = own.byte(at: offset) }
      return
    }
    name.removeLast(name.count - prefix.count - shared)
    name.append(span: reader.bytes.extracting(added))
    name.append(span: bytes.extracting(suffix))
  }

  /// How much the next name of a block shares with the one before, and where the rest of it is, which is passed over.
  private func lengths(
    _ reader: inout ByteReader
  ) throws(MalformedBytes) -> (shared: Int, added: Range<Int>) {
    let head = Int(try reader.integer(UInt8.self))
    func length(_ half: Int) throws(MalformedBytes) -> Int {
      half < Self.longLength ? half : half + (try reader.count(limit: 1 << 32))
    }
    let shared = try length(head >> 4)
    let added = try length(head & 15)
    let start = try reader.advance(by: added)
    return (shared, start..<start + added)
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
