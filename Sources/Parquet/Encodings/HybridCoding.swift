import Bytes

/// Small numbers as runs of the same one, and as packed bits between them: the RLE/bit-packing hybrid of the format.
/// Source: apache/parquet-format, Encodings.md.
enum HybridCoding {
  /// Runs of fewer are packed: a run's head and value take as much.
  private static let minRun = 8

  /// Appends numbers of at most `width` bits, 32 at most. O(values).
  static func encode(_ values: borrowing [UInt64], width: Int, into output: inout [UInt8]) {
    precondition(width <= 32, "numbers of levels and dictionaries have 32 bits")
    let span = values.span
    // From here on nothing is written yet.
    var start = 0
    var index = 0
    while index < span.count {
      let value = span[index]
      var end = index + 1
      while end < span.count, span[end] == value { end += 1 }
      // Packed numbers come by eights: the run gives what is missing.
      let padding = (8 - (index - start) % 8) % 8
      if end - index >= padding + minRun {
        pack(span.extracting(start..<index + padding), width, into: &output)
        repeatValue(value, count: end - index - padding, width, into: &output)
        start = end
      }
      index = end
    }
    pack(span.extracting(start..<span.count), width, into: &output)
  }

  /// Appends one number that stands for `count` rows.
  static func repeatValue(
    _ value: UInt64, count: Int, _ width: Int, into output: inout [UInt8]
  ) {
    if count == 0 { return }
    output.append(varint: UInt64(count) << 1)
    for byte in 0..<(width + 7) / 8 {
      output.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)))
    }
  }

  private static func pack(_ values: Span<UInt64>, _ width: Int, into output: inout [UInt8]) {
    if values.isEmpty { return }
    let groups = (values.count + 7) / 8
    output.append(varint: UInt64(groups) << 1 | 1)
    let start = output.count
    BitPacking.pack(values, width: width, into: &output)
    // What is missing in the last group is 0.
    output.append(contentsOf: repeatElement(0, count: start + groups * width - output.count))
  }
}
