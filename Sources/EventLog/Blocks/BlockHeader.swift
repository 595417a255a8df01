import Bytes
import Checksum

/// What a block holds and where: the first bytes of every block. See `docs/formats/block.md`.
struct BlockHeader: Equatable {
  static let magic: UInt32 = 0x424F_4C4E  // "NLOB"
  static let formatVersion: UInt16 = 4

  /// A part of a block that is read on its own.
  struct Section: Equatable {
    enum Kind: UInt8 {
      case times = 1
      case timeFormats, shapes, positions, factCounts, factTimes, factTimeFormats, factShapes
      case column
      /// The documents that no shape gives back.
      case documents
      /// What the block was merged from.
      case pieces
    }
    var kind: Kind
    /// The physical column; 0 for other kinds.
    var column: Int32
    /// Values that the section holds; rows without one are not counted.
    var valueCount: Int
    /// The bytes of the section, counted from the end of the header.
    var range: Range<Int>
    var checksum: UInt64
  }

  var streamId: UInt32
  var firstSeq: UInt64
  var eventCount: Int
  /// Facts of the block; as many as events unless the stream explodes an array.
  var factCount: Int
  var isExploded: Bool
  /// Wall clock at the append, in nanoseconds since the epoch; of a merged block at the last one.
  var receivedNs: Int64
  var minTimeNs: Int64
  var maxTimeNs: Int64
  /// How far the event time of the source had got with this block; nil while no event counted, and of a merged block,
  /// whose pieces have it. See ``SourceReach``.
  var reachNs: Int64?
  /// Bytes of the original documents.
  var originalBytes: UInt64
  /// Where the documents came from, such as a file's path; empty in a merged block, whose pieces have it.
  var source: String
  /// Who appended the block, such as a user's name; empty when not told, and in a merged block.
  var actor: String
  var sections: [Section]

  /// Throws ``DamageError`` when the block has columns that the stream, of `count` columns, does not know.
  func requireColumns(_ count: Int) throws {
    for section in sections
    where section.kind == .column && !(0..<count).contains(Int(section.column)) {
      throw DamageError(
        what: "a block has column \(section.column), and the stream \(count) columns",
        firstSeq: firstSeq)
    }
  }

  /// Whether the block was merged from others.
  var isMerged: Bool { sections.last?.kind == .pieces }

  func section(_ kind: Section.Kind) -> Section? { sections.first { $0.kind == kind } }

  func section(column: Int32) -> Section? {
    sections.first { $0.kind == .column && $0.column == column }
  }
}

extension BlockHeader {
  /// Appends the header; its first four bytes are its own size, its last eight its checksum.
  func encode(into output: inout [UInt8]) {
    var body: [UInt8] = []
    body.append(littleEndian: Self.magic)
    body.append(littleEndian: Self.formatVersion)
    body.append(isExploded ? 1 : 0)
    body.append(littleEndian: streamId)
    body.append(littleEndian: firstSeq)
    body.append(varint: UInt64(eventCount))
    body.append(varint: UInt64(factCount))
    body.append(littleEndian: receivedNs)
    body.append(littleEndian: minTimeNs)
    body.append(littleEndian: maxTimeNs)
    body.append(reachNs == nil ? 0 : 1)
    body.append(littleEndian: reachNs ?? 0)
    body.append(varint: originalBytes)
    body.append(string: source)
    body.append(string: actor)
    body.append(varint: UInt64(sections.count))
    for section in sections {
      body.append(section.kind.rawValue)
      body.append(signedVarint: Int64(section.column))
      body.append(varint: UInt64(section.valueCount))
      body.append(varint: UInt64(section.range.count))
      body.append(littleEndian: section.checksum)
    }
    let size = UInt32(4 + body.count + 8)
    let start = output.count
    output.append(littleEndian: size)
    output.append(contentsOf: body)
    output.append(littleEndian: checksum(output.rawSpan(start..<output.count)))
  }

  /// Reads the header at the start of `bytes`; gives its size too.
  static func decode(_ bytes: RawSpan) throws(MalformedBytes) -> (header: BlockHeader, size: Int) {
    guard bytes.byteCount >= 12 else { throw MalformedBytes(offset: 0) }
    let size = Int(bytes.load(at: 0, as: UInt32.self))
    guard size >= 12, size <= bytes.byteCount else { throw MalformedBytes(offset: 0) }
    guard checksum(bytes.extracting(0..<size - 8)) == bytes.load(at: size - 8, as: UInt64.self)
    else { throw MalformedBytes(offset: 0) }
    var reader = ByteReader(bytes.extracting(4..<size - 8))
    guard try reader.integer(UInt32.self) == magic,
      try reader.integer(UInt16.self) == formatVersion
    else { throw MalformedBytes(offset: 4) }
    let isExploded = try reader.integer(UInt8.self) == 1
    var header = BlockHeader(
      streamId: try reader.integer(UInt32.self), firstSeq: try reader.integer(UInt64.self),
      eventCount: try reader.count(limit: .max), factCount: try reader.count(limit: .max),
      isExploded: isExploded, receivedNs: try reader.integer(Int64.self),
      minTimeNs: try reader.integer(Int64.self), maxTimeNs: try reader.integer(Int64.self),
      reachNs: try reachNs(&reader), originalBytes: try reader.varint(),
      source: try reader.string(), actor: try reader.string(), sections: [])
    var offset = 0
    for _ in 0..<(try reader.count()) {
      guard let kind = Section.Kind(rawValue: try reader.integer(UInt8.self)) else {
        throw MalformedBytes(offset: reader.offset)
      }
      let column = Int32(truncatingIfNeeded: try reader.signedVarint())
      let valueCount = try reader.count(limit: .max)
      let byteCount = try reader.count(limit: 1 << 40)
      header.sections.append(
        Section(
          kind: kind, column: column, valueCount: valueCount,
          range: offset..<offset + byteCount, checksum: try reader.integer(UInt64.self)))
      offset += byteCount
    }
    return (header, size)
  }

  private static func reachNs(_ reader: inout ByteReader) throws(MalformedBytes) -> Int64? {
    let hasReach = try reader.integer(UInt8.self) == 1
    let reachNs = try reader.integer(Int64.self)
    return hasReach ? reachNs : nil
  }
}
