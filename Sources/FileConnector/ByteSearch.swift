import Glibc

/// Searches and copies at memory speed; the module's unsafe code is here and in ``InputFile``.
enum ByteSearch {
  /// The first index from `start` on at which `byte` stands. Linear, by memchr(3).
  @inline(__always)
  static func first(
    _ byte: UInt8, in bytes: Span<UInt8>, from start: Int, to end: Int
  ) -> Int? {
    precondition(0 <= start && start <= end && end <= bytes.count, "range out of bounds")
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress,
        let found = unsafe memchr(base + start, Int32(byte), end - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }
  }

  /// The last index from `start` on at which `byte` stands. Linear in the bytes after it.
  static func last(_ byte: UInt8, in bytes: Span<UInt8>, from start: Int) -> Int? {
    var index = bytes.count
    while index > start {
      index -= 1
      if bytes[index] == byte { return index }
    }
    return nil
  }

  /// How often `byte` stands in `range`. Linear, vectorised by the compiler.
  static func count(_ byte: UInt8, in bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
    precondition(0 <= range.lowerBound && range.upperBound <= bytes.count, "range out of bounds")
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      var count = 0
      for index in range where unsafe buffer[index] == byte { count &+= 1 }
      return count
    }
  }

  /// The first index from `start` on that ends a JSON string or begins an escape, or the count.
  ///
  /// Eight bytes a step, by the zero-byte test of Mycroft, which is exact for the first match.
  @inline(__always)
  static func firstQuoteOrBackslash(in bytes: Span<UInt8>, from start: Int) -> Int {
    precondition(0 <= start && start <= bytes.count, "start out of bounds")
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      let raw = UnsafeRawBufferPointer(buffer)
      var index = start
      while index + 8 <= raw.count {
        let word = unsafe UInt64(
          littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let hits = zeroBytes(word ^ 0x2222_2222_2222_2222) | zeroBytes(word ^ 0x5C5C_5C5C_5C5C_5C5C)
        if hits != 0 { return index + hits.trailingZeroBitCount / 8 }
        index += 8
      }
      while index < raw.count {
        let byte = unsafe raw[index]
        if byte == Byte.quote || byte == Byte.backslash { break }
        index += 1
      }
      return index
    }
  }

  /// The first index from `start` on of a line end or a double quote, or the count; like
  /// ``firstQuoteOrBackslash(in:from:)``.
  @inline(__always)
  static func firstLineEndOrQuote(in bytes: Span<UInt8>, from start: Int) -> Int {
    precondition(0 <= start && start <= bytes.count, "start out of bounds")
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      let raw = UnsafeRawBufferPointer(buffer)
      var index = start
      while index + 8 <= raw.count {
        let word = unsafe UInt64(
          littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let lineEnds =
          zeroBytes(word ^ 0x0A0A_0A0A_0A0A_0A0A) | zeroBytes(word ^ 0x0D0D_0D0D_0D0D_0D0D)
        let hits = lineEnds | zeroBytes(word ^ 0x2222_2222_2222_2222)
        if hits != 0 { return index + hits.trailingZeroBitCount / 8 }
        index += 8
      }
      while index < raw.count {
        let byte = unsafe raw[index]
        if byte == Byte.newline || byte == Byte.carriageReturn || byte == Byte.quote { break }
        index += 1
      }
      return index
    }
  }

  /// How many lines end in `range`: by "\n", by "\r", or by both together. Linear.
  static func lineEndCount(in bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
    var count = Self.count(Byte.newline, in: bytes, range)
    var index = range.lowerBound
    while let found = first(Byte.carriageReturn, in: bytes, from: index, to: range.upperBound) {
      index = found + 1
      if index == bytes.count || bytes[index] != Byte.newline { count += 1 }
    }
    return count
  }

  @inline(__always)
  private static func zeroBytes(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }

  /// Appends the bytes in `range`, by one copy.
  @inline(__always)
  static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout OutputSpan<UInt8>) {
    precondition(0 <= range.lowerBound && range.upperBound <= bytes.count, "range out of bounds")
    precondition(range.count <= out.freeCapacity, "no room for the bytes")
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe out.withUnsafeMutableBufferPointer { target, count in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        unsafe (to + count).update(from: from + range.lowerBound, count: range.count)
        count += range.count
      }
    }
  }

  /// The text of `range`, what is no UTF-8 replaced. Linear.
  static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    let copy = [UInt8](capacity: range.count) { out in append(bytes, range, to: &out) }
    return String(decoding: copy, as: UTF8.self)
  }

  /// Whether `bytes` is valid UTF-8. Linear, fast for ASCII.
  static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
    do {
      _ = try UTF8Span(validating: bytes)
      return true
    } catch {
      return false
    }
  }
}

/// The bytes that the formats give a meaning.
enum Byte {
  static let tab = UInt8(ascii: "\t")
  static let newline = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let quote = UInt8(ascii: "\"")
  static let hash = UInt8(ascii: "#")
  static let point = UInt8(ascii: ".")
  static let plus = UInt8(ascii: "+")
  static let minus = UInt8(ascii: "-")
  static let zero = UInt8(ascii: "0")
  static let backslash = UInt8(ascii: "\\")
  static let comma = UInt8(ascii: ",")
  static let semicolon = UInt8(ascii: ";")
  static let colon = UInt8(ascii: ":")
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let openBracket = UInt8(ascii: "[")
  static let closeBracket = UInt8(ascii: "]")

  @inline(__always)
  static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

  /// JSON's whitespace (RFC 8259, section 2).
  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool {
    byte == space || byte == newline || byte == carriageReturn || byte == tab
  }
}
