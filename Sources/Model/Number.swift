import Bytes

/// A number by its value alone: an integer of 64 bits, signed or not, exactly; any other as a double.
///
/// How a number was written, or what held it, does not count: 1 and 1.0 are one number, and so are 0 and -0. A whole
/// double from -2^63 up to 2^64 is kept as an integer, so that equal numbers have one form, one hash and one text.
/// There is no NaN; the infinities are the outermost numbers. 16 bytes.
public struct Number: Sendable, Hashable {
  /// The one form that each number has.
  public enum Form: Sendable, Hashable {
    case signed(Int64)
    /// Above `Int64.max`.
    case unsigned(UInt64)
    /// Not whole, or outside of the integers of 64 bits.
    case real(Double)
  }

  public let form: Form

  /// Exactly that integer.
  @inlinable @inline(__always)
  public init(_ value: Int64) { form = .signed(value) }

  /// Exactly that integer: the form is `signed` up to `Int64.max`.
  @inlinable
  public init(_ value: UInt64) {
    form = value > UInt64(Int64.max) ? .unsigned(value) : .signed(Int64(value))
  }

  /// Nil for NaN.
  @inlinable
  public init?(_ value: Double) {
    if value.isNaN { return nil }
    if let whole = Int64(exactly: value) {
      form = .signed(whole)
    } else if let whole = UInt64(exactly: value) {
      form = .unsigned(whole)
    } else {
      form = .real(value)
    }
  }

  public static let zero = Number(0 as Int64)

  /// The nearest double, ties to even.
  @inlinable
  public var double: Double {
    switch form {
    case .signed(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    }
  }

  /// Whether it is an integer of 64 bits, signed or not.
  @inlinable
  public var isInteger: Bool {
    if case .real = form { return false }
    return true
  }

  /// The number, if an `Int64` holds it exactly.
  @inlinable
  public var int64: Int64? {
    if case .signed(let value) = form { return value }
    return nil
  }

  /// The number, if a `UInt64` holds it exactly.
  @inlinable
  public var uint64: UInt64? {
    switch form {
    case .signed(let value): UInt64(exactly: value)
    case .unsigned(let value): value
    case .real: nil
    }
  }
}

extension Number: Comparable {
  /// By the exact values: no side is rounded to the other's type.
  @inlinable
  public static func < (left: Number, right: Number) -> Bool {
    switch (left.form, right.form) {
    case (.signed(let left), .signed(let right)): left < right
    case (.signed, .unsigned): true
    case (.unsigned, .signed): false
    case (.unsigned(let left), .unsigned(let right)): left < right
    case (.real(let left), .real(let right)): left < right
    case (.real(let left), _): isBelow(left, right)
    case (_, .real(let right)): !isBelow(right, left)
    }
  }

  /// Whether a real is below an integer, which it is never equal to.
  @usableFromInline
  static func isBelow(_ real: Double, _ integer: Number) -> Bool {
    if real >= 0x1p64 { return false }
    if real < -0x1p63 { return true }
    // Between these bounds a real is not whole, and so below 2^53.
    guard case .signed(let value) = integer.form else { return true }
    return Int64(real.rounded(.down)) < value
  }
}

extension Number: CustomStringConvertible {
  /// All digits of an integer; else the shortest decimal that reads back as the same double.
  public var description: String {
    switch form {
    case .signed(let value): value.description
    case .unsigned(let value): value.description
    case .real(let value): value.description
    }
  }
}

// MARK: On disk: docs/formats/cells.md

extension Number {
  /// Appends 2 to 11 bytes: a byte for the form, then a signed varint, a varint or a double.
  public func encode(into bytes: inout [UInt8]) {
    switch form {
    case .signed(let value):
      bytes.append(0)
      bytes.append(signedVarint: value)
    case .unsigned(let value):
      bytes.append(1)
      bytes.append(varint: value)
    case .real(let value):
      bytes.append(2)
      bytes.append(littleEndian: value.bitPattern)
    }
  }

  /// Reads what ``encode(into:)`` wrote; throws for what it never writes.
  public init(_ reader: inout ByteReader) throws(MalformedBytes) {
    let start = reader.offset
    let read: Number?
    let form: Form
    switch try reader.integer(UInt8.self) {
    case 0:
      form = .signed(try reader.signedVarint())
      read = Number(form: form)
    case 1:
      let value = try reader.varint()
      form = .unsigned(value)
      read = Number(value)
    case 2:
      let value = Double(bitPattern: try reader.integer(UInt64.self))
      form = .real(value)
      read = Number(value)
    default: throw MalformedBytes(offset: start)
    }
    guard let read, read.form == form else { throw MalformedBytes(offset: start) }
    self = read
  }

  private init(form: Form) { self.form = form }
}

// MARK: In parts

extension Number {
  /// The form, and all its bits. A number takes 16 bytes beside others; apart its parts take 9.
  public var parts: (code: UInt8, word: UInt64) {
    @inlinable get {
      switch form {
      case .signed(let value): (0, UInt64(bitPattern: value))
      case .unsigned(let value): (1, value)
      case .real(let value): (2, value.bitPattern)
      }
    }
  }

  /// The number of these ``parts``.
  @inlinable
  public init(code: UInt8, word: UInt64) {
    switch code {
    case 0: form = .signed(Int64(bitPattern: word))
    case 1: form = .unsigned(word)
    default: form = .real(Double(bitPattern: word))
    }
  }
}
