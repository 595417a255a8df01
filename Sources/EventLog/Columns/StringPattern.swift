import Bytes

/// Strings of one length that differ in some places only, such as UUIDs, hexadecimal or numbered ids.
/// The common bytes are stored once; a changing place takes half a byte where all its values are
/// hexadecimal digits, else a whole one. Each value can be read on its own in O(length).
struct StringPattern: Equatable {
  enum Place: UInt8 { case lowercaseHex, uppercaseHex, byte }

  /// The first string; its bytes at the changing places mean nothing.
  private(set) var template: [UInt8]
  /// The changing places, in order.
  private(set) var places: [UInt8]
  private(set) var place: Place

  /// Bytes that one value takes.
  var valueBytes: Int { place == .byte ? places.count : (places.count + 1) / 2 }

  /// The pattern of `values`; nil when they are of several lengths, or too long. O(values' bytes).
  init?(_ values: [Range<Int>], of bytes: RawSpan) {
    guard let first = values.first, values.count > 1, first.count > 0,
      first.count <= StringCoding.maxPatternBytes
    else { return nil }
    let length = first.count
    let wordCount = (length + 7) / 8
    var differences: InlineArray<8, UInt64> = .init(repeating: 0)
    for value in values {
      if value.count != length { return nil }
      for word in 0..<wordCount {
        differences[word] |=
          bytes.word(at: value.lowerBound + 8 * word) ^ bytes.word(at: first.lowerBound + 8 * word)
      }
    }
    template = []
    template.append(span: bytes.extracting(first))
    places = (0..<UInt8(length)).filter { place in
      differences[Int(place / 8)] >> UInt64(place % 8 * 8) & 0xFF != 0
    }
    place = .byte
    for candidate in [Place.lowercaseHex, .uppercaseHex] where place == .byte {
      let sample = values.prefix(16)
      let isHex = sample.allSatisfy { value in
        places.allSatisfy { candidate.digit(bytes.byte(at: value.lowerBound + Int($0))) != nil }
      }
      if isHex { place = candidate }
    }
  }

  func encodeHeader(into output: inout [UInt8]) {
    output.append(place.rawValue)
    output.append(UInt8(template.count))
    output.append(contentsOf: template)
    output.append(UInt8(places.count))
    output.append(contentsOf: places)
  }

  init(_ reader: inout ByteReader) throws(MalformedBytes) {
    guard let place = Place(rawValue: try reader.integer(UInt8.self)) else {
      throw MalformedBytes(offset: reader.offset)
    }
    self.place = place
    template = try reader.array(byteCount: Int(try reader.integer(UInt8.self)))
    places = try reader.array(byteCount: Int(try reader.integer(UInt8.self)))
    for index in places.indices {
      guard places[index] < template.count, index == 0 || places[index - 1] < places[index] else {
        throw MalformedBytes(offset: reader.offset)
      }
    }
  }

  /// Appends each value's changing places. False when one does not fit the pattern after all: a value that
  /// is no hexadecimal digit where the sample had only digits.
  func encode(_ values: [Range<Int>], of bytes: RawSpan, into output: inout [UInt8]) -> Bool {
    output.reserveCapacity(output.count + values.count * valueBytes)
    let isRun = isOneRun
    for value in values {
      if place == .byte {
        for place in places { output.append(bytes.byte(at: value.lowerBound + Int(place))) }
      } else if isRun, place == .lowercaseHex {
        let start = value.lowerBound + Int(places[0])
        guard encodeHexRun(bytes, from: start, into: &output) else { return false }
      } else if !encodeDigits(bytes, from: value.lowerBound, into: &output) {
        return false
      }
    }
    return true
  }

  /// The changing places follow each other, a multiple of eight of them: eight digits a step.
  private var isOneRun: Bool {
    places.count > 0 && places.count % 8 == 0
      && Int(places[places.count - 1]) - Int(places[0]) == places.count - 1
  }

  private func encodeHexRun(
    _ bytes: RawSpan, from start: Int, into output: inout [UInt8]
  ) -> Bool {
    for offset in stride(from: 0, to: places.count, by: 8) {
      let text = bytes.word(at: start + offset)
      let packed = HexWord.pack(text)
      if HexWord.unpack(packed) != text { return false }
      output.append(littleEndian: packed)
    }
    return true
  }

  private func encodeDigits(
    _ bytes: RawSpan, from start: Int, into output: inout [UInt8]
  ) -> Bool {
    var pending: UInt8 = 0
    for (index, place) in places.enumerated() {
      guard let digit = self.place.digit(bytes.byte(at: start + Int(place))) else { return false }
      if index % 2 == 0 {
        pending = digit << 4
      } else {
        output.append(pending | digit)
      }
    }
    if places.count % 2 == 1 { output.append(pending) }
    return true
  }

  func decode(_ reader: inout ByteReader, count: Int) throws(MalformedBytes) -> StringValues {
    let size = valueBytes
    guard count <= (reader.bytes.byteCount - reader.offset) / max(size, 1) || size == 0 else {
      throw MalformedBytes(offset: reader.offset)
    }
    let start = try reader.advance(by: count * size)
    var values = StringValues()
    values.bytes.reserveCapacity(count * template.count)
    values.ends.reserveCapacity(count)
    if isOneRun, place == .lowercaseHex {
      decodeHexRuns(reader.bytes, from: start, count: count, into: &values)
    } else {
      for index in 0..<count {
        append(reader.bytes, at: start + index * size, to: &values.bytes)
        values.ends.append(UInt32(values.bytes.count))
      }
    }
    return values
  }

  private func decodeHexRuns(
    _ bytes: RawSpan, from start: Int, count: Int, into values: inout StringValues
  ) {
    let prefix = Int(places[0])
    let suffix = prefix + places.count
    values.bytes = Array(repeating: 0, count: count * template.count + ByteSink.slack)
    values.bytes.withSink { sink in
      var offset = start
      for _ in 0..<count {
        sink.append(template, range: 0..<prefix)
        for _ in 0..<places.count / 8 {
          let packed = bytes.load(at: offset, as: UInt32.self)
          sink.append(word: HexWord.unpack(packed), byteCount: 8)
          offset += 4
        }
        sink.append(template, range: suffix..<template.count)
        values.ends.append(UInt32(sink.count))
      }
    }
    values.bytes.removeLast(ByteSink.slack)
  }

  /// Appends the string whose changing places stand at `offset`.
  func append(_ bytes: RawSpan, at offset: Int, to output: inout [UInt8]) {
    let base = output.count
    output.append(contentsOf: template)
    for (index, position) in places.enumerated() {
      let value: UInt8
      switch place {
      case .byte:
        value = bytes.byte(at: offset + index)
      case .lowercaseHex, .uppercaseHex:
        let pair = bytes.byte(at: offset + index / 2)
        value = place.text(index % 2 == 0 ? pair >> 4 : pair & 15)
      }
      output[base + Int(position)] = value
    }
  }
}

extension StringPattern.Place {
  @inline(__always)
  fileprivate func digit(_ byte: UInt8) -> UInt8? {
    let letter = UInt8(ascii: self == .lowercaseHex ? "a" : "A")
    if byte &- 48 <= 9 { return byte &- 48 }
    return byte &- letter <= 5 ? byte &- letter &+ 10 : nil
  }

  @inline(__always)
  fileprivate func text(_ digit: UInt8) -> UInt8 {
    digit < 10 ? 48 + digit : UInt8(ascii: self == .lowercaseHex ? "a" : "A") + digit - 10
  }
}

/// Eight lower-case hexadecimal digits in a word, and the four bytes they stand for.
enum HexWord {
  /// The digits' values, first digit in the high half of the first byte. Only `unpack` tells whether the
  /// text was digits at all.
  @inline(__always)
  static func pack(_ text: UInt64) -> UInt32 {
    let digits = (text & 0x0F0F_0F0F_0F0F_0F0F) &+ 9 &* (text >> 6 & 0x0101_0101_0101_0101)
    var pairs = (digits << 4 | digits >> 8) & 0x00FF_00FF_00FF_00FF
    pairs = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: pairs | pairs >> 16)
  }

  @inline(__always)
  static func unpack(_ packed: UInt32) -> UInt64 {
    var pairs = UInt64(packed)
    pairs = (pairs | pairs << 16) & 0x0000_FFFF_0000_FFFF
    pairs = (pairs | pairs << 8) & 0x00FF_00FF_00FF_00FF
    let digits = (pairs >> 4 | pairs << 8) & 0x0F0F_0F0F_0F0F_0F0F
    let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return digits &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
  }
}
