import Bytes
import Zstd

/// A decoded physical column of a block.
struct ColumnValues {
  var kind: SlotKind
  /// Which rows have a value.
  var presence = Presence.all
  /// The values of rows that have one, in row order: those of the one kind are filled.
  var numbers = NumberValues()
  var strings = StringValues()
  /// Booleans, or the bits of numbers whose documents are kept whole.
  var integers: [Int64] = []
  var count: Int

  /// A column without values.
  static let none = ColumnValues(kind: .end, count: 0)

  private init(kind: SlotKind, count: Int) {
    self.kind = kind
    self.count = count
  }

  /// Reads a section that the encoder wrote. O(values).
  init(
    _ section: BlockHeader.Section, _ bytes: RawSpan, kind: SlotKind, rowCount: Int,
    _ decompressor: ZstdDecompressor
  ) throws {
    var reader = ByteReader(bytes)
    self.kind = kind
    count = section.valueCount
    presence = try Self.presence(&reader, rowCount: rowCount, decompressor)
    guard count <= rowCount else { throw MalformedBytes(offset: 0) }
    switch kind {
    case .number:
      numbers = try NumberCoding.decode(&reader, count: count)
    case .string, .opaque:
      strings = try StringCoding.decode(&reader, count: count, decompressor)
    default:
      try IntegerCoding.decode(&reader, count: count, into: &integers)
    }
  }

  /// Reads what stands before the values of a section.
  static func presence(
    _ reader: inout ByteReader, rowCount: Int, _ decompressor: ZstdDecompressor
  ) throws -> Presence {
    guard try reader.integer(UInt8.self) == 1 else { return .all }
    let frameBytes = try reader.count()
    let start = try reader.advance(by: frameBytes)
    let wordCount = (rowCount + 63) / 64
    var bitmap: [UInt8] = []
    try decompressor.decompress(
      reader.bytes.extracting(start..<start + frameBytes), byteCount: wordCount * 8,
      into: &bitmap)
    return .some(Bitmap(words: (0..<wordCount).map { bitmap.rawSpan.word(at: 8 * $0) }))
  }
}
