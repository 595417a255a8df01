/// Runs of bytes, one for each of some rows, any of which can be found in O(1).
///
/// Their ends are kept as differences from those of runs of equal length, which are small when the lengths differ little.
public struct PackedRuns: Sendable {
  /// How many runs there are.
  public let count: Int
  private let length: Int
  private let ends: PackedIntegers?
  private let start: Int
  private let byteCount: Int

  /// Passes over `count` runs, to read some of them. O(1).
  public init(_ reader: inout ByteReader, count: Int) throws(MalformedBytes) {
    self.count = count
    byteCount = try reader.count()
    length = count > 0 ? byteCount / count : 0
    ends = byteCount > 0 ? try PackedIntegers(&reader, count: count) : nil
    start = try reader.advance(by: byteCount)
  }

  /// Whether all runs are empty.
  public var isEmpty: Bool { byteCount == 0 }

  /// Where a run is in the bytes of the reader. Throws when that is not within those of the runs. O(1).
  public func range(_ row: Int, in bytes: RawSpan) throws(MalformedBytes) -> Range<Int> {
    guard let ends else { return start..<start }
    func end(_ row: Int) -> Int {
      length &* (row + 1) &+ Int(ends.value(row, in: bytes))
    }
    let (low, high) = (row == 0 ? 0 : end(row - 1), end(row))
    guard low >= 0, low <= high, high <= byteCount else { throw MalformedBytes(offset: start) }
    return start + low..<start + high
  }
}

extension [UInt8] {
  /// Appends runs as ``PackedRuns`` reads them: all bytes of them, and where each ends. O(bytes).
  public mutating func append(runs bytes: [UInt8], ends: [Int]) {
    append(varint: UInt64(bytes.count))
    precondition(ends.last ?? 0 == bytes.count, "runs of bytes end where the bytes do")
    if bytes.isEmpty { return }
    let length = bytes.count / ends.count
    append(packed: ends.enumerated().map { Int64($1 - length * ($0 + 1)) })
    append(contentsOf: bytes)
  }
}
