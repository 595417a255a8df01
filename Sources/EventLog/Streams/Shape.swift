import Bytes

/// What stands between two literals of a shape.
enum SlotKind: UInt8 {
  case string = 1
  case number, bool
  /// An array that does not explode, or an empty object, as its JSON text.
  case opaque
  /// The event's or the element's time: an RFC 3339 string, or an epoch number.
  case time, epoch
  /// The elements of the exploded array, each of a shape of its own.
  case elements
  /// No value: the shape ends after the literal.
  case end
  /// A number whose text cannot be written again from the value: only documents kept whole have it. As the nearest
  /// double; as an integer that no double holds, of 64 bits with a sign or without one.
  case real, signed, unsigned
}

extension SlotKind {
  /// Whether values are numbers whose text is only in their documents.
  var isHardNumber: Bool { self == .real || self == .signed || self == .unsigned }
  var isNumber: Bool { self == .number || isHardNumber }
}

/// One step of a shape: fixed bytes, then a value.
struct Segment: Equatable {
  var literal: [UInt8]
  var kind: SlotKind
  /// The physical column of the value; -1 for times, elements and the end.
  var column: Int32
  /// The value is this field of the event's dedup id, counted from 1; 0 when it is none.
  var idPart: UInt8 = 0
  /// What stands between two elements, for `.elements`.
  var separator: [UInt8] = []
}

/// The bytes that documents of one kind have in common, and where their values stand.
///
/// Devices send the same keys in the same order over and over. A document of a known shape is stored as
/// the shape's number plus its column values, and is parsed by comparing literals: no tokens, no names.
struct Shape: Equatable {
  var segments: [Segment]
  /// A shape of elements of the exploded array, not of whole documents.
  var isElement: Bool
}

extension Shape {
  /// The number that marks a document kept whole, since no shape gives its bytes back.
  static let none: UInt32 = 0

  func encode(into output: inout [UInt8]) {
    output.append(isElement ? 1 : 0)
    output.append(varint: UInt64(segments.count))
    for segment in segments {
      output.append(segment.kind.rawValue)
      output.append(segment.idPart)
      output.append(signedVarint: Int64(segment.column))
      output.append(varint: UInt64(segment.literal.count))
      output.append(contentsOf: segment.literal)
      output.append(varint: UInt64(segment.separator.count))
      output.append(contentsOf: segment.separator)
    }
  }

  init(_ reader: inout ByteReader) throws(MalformedBytes) {
    isElement = try reader.integer(UInt8.self) == 1
    segments = []
    for _ in 0..<(try reader.count()) {
      let offset = reader.offset
      guard let kind = SlotKind(rawValue: try reader.integer(UInt8.self)) else {
        throw MalformedBytes(offset: offset)
      }
      let idPart = try reader.integer(UInt8.self)
      let column = Int32(truncatingIfNeeded: try reader.signedVarint())
      let literal = try reader.array(byteCount: try reader.count())
      let separator = try reader.array(byteCount: try reader.count())
      segments.append(
        Segment(
          literal: literal, kind: kind, column: column, idPart: idPart, separator: separator))
    }
  }
}
