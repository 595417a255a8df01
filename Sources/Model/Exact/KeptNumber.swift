import Bytes

/// A single number with all that exact sums take of it: a short decimal with all its digits, any other number as the
/// double nearest to it (``ExactNumber``). What answers show of it is ``number``. 16 bytes.
///
/// Each number has one form, so equal numbers are equal however they were written, and have the same bytes on disk.
public struct KeptNumber: Sendable, Hashable {
  private enum Form: Sendable, Hashable {
    /// `mantissa / 10^scale`; without trailing zeros, but for those of an integer.
    case decimal(Int64, scale: UInt8)
    /// Above `Int64.max`.
    case unsigned(UInt64)
    /// Any other.
    case real(Double)
  }

  private let form: Form

  private init(form: Form) { self.form = form }

  public static let zero = KeptNumber(form: .decimal(0, scale: 0))

  /// The number `mantissa / 10^scale`, with a scale of at most ``ExactNumber/scale``. O(scale).
  public init(mantissa: Int64, scale: Int) {
    var (digits, places) = (mantissa, scale)
    while places > 0 {
      let (rest, last) = digits.quotientAndRemainder(dividingBy: 10)
      if last != 0 { break }
      (digits, places) = (rest, places - 1)
    }
    form = .decimal(digits, scale: UInt8(places))
  }

  /// O(1).
  public init(_ number: ExactNumber) {
    switch number {
    case .binary(let value): self.init(form: .real(value))
    case .decimal(let units):
      if let narrow = Int64(exactly: units) {
        self.init(mantissa: narrow, scale: ExactNumber.scale)
        return
      }
      var (digits, places) = (units, ExactNumber.scale)
      while places > 0, digits % 10 == 0 { (digits, places) = (digits / 10, places - 1) }
      if let narrow = Int64(exactly: digits) {
        self.init(form: .decimal(narrow, scale: UInt8(places)))
      } else if let whole = UInt64(exactly: digits), places == 0 {
        self.init(form: .unsigned(whole))
      } else {
        // What has so many digits is a whole double below -2^63.
        assert(places == 0, "a short decimal has a mantissa of 64 bits")
        self.init(form: .real(Double(digits)))
      }
    }
  }

  /// O(1). As ``ExactNumber`` takes it.
  public init(_ number: Number) { self.init(ExactNumber(number)) }

  /// As exact sums take it.
  public var exact: ExactNumber {
    switch form {
    case .decimal(let mantissa, let scale):
      .decimal(Int128(mantissa) * Int128(ExactNumber.powers[ExactNumber.scale - Int(scale)]))
    case .unsigned(let value): ExactNumber(value)
    case .real(let value): ExactNumber(value)
    }
  }

  /// The integer of 64 bits, or the nearest double.
  public var number: Number {
    switch form {
    case .decimal(let mantissa, 0): return Number(mantissa)
    case .decimal(let mantissa, let scale):
      let nearest = Double.quotient(
        UInt128(mantissa.magnitude), ExactNumber.powers[Int(scale)].magnitude)
      return Number(mantissa < 0 ? -nearest : nearest) ?? .zero
    case .unsigned(let value): return Number(value)
    case .real(let value): return Number(value) ?? .zero
    }
  }

  /// The number, if an `Int64` holds it exactly.
  public var int64: Int64? {
    if case .decimal(let mantissa, 0) = form { return mantissa }
    return nil
  }

  /// How many decimals it has, if it is a decimal of 64 bits with sign.
  public var decimals: Int? {
    if case .decimal(_, let scale) = form { return Int(scale) }
    return nil
  }

  /// The number in units of `10^-scale`, if an `Int64` holds it so.
  public func mantissa(scale: Int) -> Int64? {
    guard case .decimal(let mantissa, let own) = form, own <= scale else { return nil }
    let (aligned, isOver) = mantissa.multipliedReportingOverflow(
      by: ExactNumber.powers[scale - Int(own)])
    return isOver ? nil : aligned
  }
}

extension KeptNumber: Comparable {
  /// By the exact values.
  public static func < (left: KeptNumber, right: KeptNumber) -> Bool {
    if case .decimal(let one, let scale) = left.form, case .decimal(let other, scale) = right.form {
      return one < other
    }
    if left.form == right.form { return false }
    // What is greater is nowhere nearer to a lesser double.
    let (one, other) = (left.number.double, right.number.double)
    if one != other { return one < other }
    var difference = ExactSum()
    difference.add(left.exact)
    difference.subtract(right.exact)
    return difference.isNegative
  }
}

// MARK: On disk: docs/formats/cells.md

extension KeptNumber {
  private static let unsignedCode = UInt8(ExactNumber.scale + 1)
  private static let realCode = UInt8(ExactNumber.scale + 2)

  /// Appends 2 to 11 bytes: a byte for the form, then a signed varint, a varint or a double.
  public func encode(into bytes: inout [UInt8]) {
    switch form {
    case .decimal(let mantissa, let scale):
      bytes.append(scale)
      bytes.append(signedVarint: mantissa)
    case .unsigned(let value):
      bytes.append(Self.unsignedCode)
      bytes.append(varint: value)
    case .real(let value):
      bytes.append(Self.realCode)
      bytes.append(littleEndian: value.bitPattern)
    }
  }

  /// Reads what ``encode(into:)`` wrote; throws for what it never writes.
  public init(_ reader: inout ByteReader) throws(MalformedBytes) {
    let start = reader.offset
    let code = try reader.integer(UInt8.self)
    let read: KeptNumber
    switch code {
    case Self.unsignedCode:
      form = .unsigned(try reader.varint())
      read = KeptNumber(exact)
    case Self.realCode:
      let value = Double(bitPattern: try reader.integer(UInt64.self))
      guard value.isFinite else { throw MalformedBytes(offset: start) }
      form = .real(value)
      read = KeptNumber(exact)
    default:
      guard code <= ExactNumber.scale else { throw MalformedBytes(offset: start) }
      let mantissa = try reader.signedVarint()
      form = .decimal(mantissa, scale: code)
      read = KeptNumber(mantissa: mantissa, scale: Int(code))
    }
    guard read.form == form else { throw MalformedBytes(offset: start) }
  }
}

// MARK: In parts

extension KeptNumber {
  /// The form, as ``encode(into:)`` writes it, and all bits of the number: 9 bytes where many stand side by side, not 16.
  public var parts: (code: UInt8, word: UInt64) {
    switch form {
    case .decimal(let mantissa, let scale): (scale, UInt64(bitPattern: mantissa))
    case .unsigned(let value): (Self.unsignedCode, value)
    case .real(let value): (Self.realCode, value.bitPattern)
    }
  }

  /// The number of these ``parts``.
  public init(code: UInt8, word: UInt64) {
    form =
      switch code {
      case Self.unsignedCode: .unsigned(word)
      case Self.realCode: .real(Double(bitPattern: word))
      default: .decimal(Int64(bitPattern: word), scale: code)
      }
  }
}
