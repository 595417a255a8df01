import Bytes
import Zstd

/// Strings as a block stores them, in the first of three forms that fits: a dictionary with packed codes;
/// a fixed pattern (ids of one length, whose changing places hold hexadecimal digits or any bytes); or all
/// bytes, compressed.
enum StringCoding {
  enum Form: UInt8 {
    case dictionary = 1
    case pattern, bytes
  }

  /// The longest string that is tried as a pattern.
  static let maxPatternBytes = 64

  /// Appends a dictionary of `entries` and one code for each value. O(entries' bytes + codes).
  static func encode(
    entries: [Range<Int>], codes: borrowing [Int64], of bytes: RawSpan,
    _ compressor: ZstdCompressor, into output: inout [UInt8]
  ) throws {
    output.append(Form.dictionary.rawValue)
    output.append(varint: UInt64(entries.count))
    try encodeBytes(entries, of: bytes, compressor, into: &output)
    IntegerCoding.encode(codes, into: &output)
  }

  /// Appends `values` as a pattern when they have one, else as compressed bytes. O(values' bytes).
  static func encode(
    values: [Range<Int>], of bytes: RawSpan, _ compressor: ZstdCompressor,
    into output: inout [UInt8]
  ) throws {
    if let pattern = StringPattern(values, of: bytes) {
      let start = output.count
      output.append(Form.pattern.rawValue)
      pattern.encodeHeader(into: &output)
      if pattern.encode(values, of: bytes, into: &output) { return }
      output.removeLast(output.count - start)
    }
    output.append(Form.bytes.rawValue)
    try encodeBytes(values, of: bytes, compressor, into: &output)
  }

  /// Appends the lengths of the values, then their bytes as one zstd frame.
  static func encodeBytes(
    _ values: [Range<Int>], of bytes: RawSpan, _ compressor: ZstdCompressor,
    into output: inout [UInt8]
  ) throws {
    var all: [UInt8] = []
    all.reserveCapacity(values.reduce(0) { $0 + $1.count })
    var lengths: [Int64] = []
    lengths.reserveCapacity(values.count)
    for value in values {
      all.append(span: bytes.extracting(value))
      lengths.append(Int64(value.count))
    }
    IntegerCoding.encode(lengths, into: &output)
    var frame: [UInt8] = []
    try compressor.compress(all.rawSpan, into: &frame)
    output.append(varint: UInt64(frame.count))
    output.append(contentsOf: frame)
  }

  /// Reads `count` strings appended by either `encode`. O(count + bytes).
  static func decode(
    _ reader: inout ByteReader, count: Int, _ decompressor: ZstdDecompressor
  ) throws -> StringValues {
    guard let form = Form(rawValue: try reader.integer(UInt8.self)) else {
      throw MalformedBytes(offset: reader.offset)
    }
    switch form {
    case .dictionary:
      let entryCount = try reader.count(limit: count)
      var values = try decodeBytes(&reader, count: entryCount, decompressor)
      try IntegerCoding.decode(&reader, count: count, into: &values.codes)
      for code in values.codes where code < 0 || code >= entryCount {
        throw MalformedBytes(offset: reader.offset)
      }
      values.isDictionary = true
      return values
    case .pattern:
      return try StringPattern(&reader).decode(&reader, count: count)
    case .bytes:
      return try decodeBytes(&reader, count: count, decompressor)
    }
  }

  static func decodeBytes(
    _ reader: inout ByteReader, count: Int, _ decompressor: ZstdDecompressor
  ) throws -> StringValues {
    var lengths: [Int64] = []
    try IntegerCoding.decode(&reader, count: count, into: &lengths)
    var values = StringValues()
    values.ends.reserveCapacity(count)
    var end: Int64 = 0
    for length in lengths {
      guard length >= 0, length <= Int64(UInt32.max) - end else {
        throw MalformedBytes(offset: reader.offset)
      }
      end += length
      values.ends.append(UInt32(end))
    }
    let frameBytes = try reader.count()
    let start = try reader.advance(by: frameBytes)
    try decompressor.decompress(
      reader.bytes.extracting(start..<start + frameBytes), byteCount: Int(end),
      into: &values.bytes)
    return values
  }
}

/// Decoded strings: either one for each value, or a dictionary and codes.
struct StringValues {
  var bytes: [UInt8] = []
  /// Where each string ends in `bytes`; it begins where the one before ends.
  var ends: [UInt32] = []
  var isDictionary = false
  var codes: [Int64] = []

  /// Where the bytes of value `index` stand.
  @inline(__always)
  func range(_ index: Int) -> Range<Int> {
    entryRange(isDictionary ? Int(codes[index]) : index)
  }

  /// Where the bytes of dictionary entry or plain string `index` stand.
  @inline(__always)
  func entryRange(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
  }
}
