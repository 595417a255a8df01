/// Arithmetic: exact between integers as long as the result is an integer of 64 bits, else that of doubles. Nil for what
/// no double holds and for a division by zero.
extension Number {
  /// The sum: exact between integers if it has 64 bits, else the nearest double. Nil when that is beyond doubles.
  public func adding(_ other: Number) -> Number? {
    if case .signed(let left) = form, case .signed(let right) = other.form {
      let (sum, isOver) = left.addingReportingOverflow(right)
      if !isOver { return Number(sum) }
    }
    if let left = wide, let right = other.wide { return Number(wide: left + right) }
    return Self.finite(double + other.double)
  }

  /// `self - other`: exact between integers if it has 64 bits, else the nearest double. Nil when that is beyond
  /// doubles.
  public func subtracting(_ other: Number) -> Number? {
    if case .signed(let left) = form, case .signed(let right) = other.form {
      let (difference, isOver) = left.subtractingReportingOverflow(right)
      if !isOver { return Number(difference) }
    }
    if let left = wide, let right = other.wide { return Number(wide: left - right) }
    return Self.finite(double - other.double)
  }

  /// The product: exact between integers if it has 64 bits, else the nearest double. Nil when that is beyond doubles.
  public func multiplied(by other: Number) -> Number? {
    if let left = wide, let right = other.wide {
      // Two magnitudes of 64 bits have a product of 128.
      let magnitude = UInt128(left.magnitude) * UInt128(right.magnitude)
      let isNegative = (left < 0) != (right < 0)
      guard let product = Int128(exactly: magnitude) else {
        return Self.finite(isNegative ? -Double(magnitude) : Double(magnitude))
      }
      return Number(wide: isNegative ? -product : product)
    }
    return Self.finite(double * other.double)
  }

  /// The quotient: exact between integers when the division leaves no rest, else that of the nearest doubles. Nil for a
  /// division by zero, and when it is beyond doubles.
  public func divided(by other: Number) -> Number? {
    if let left = wide, let right = other.wide, right != 0 {
      let (quotient, rest) = left.quotientAndRemainder(dividingBy: right)
      if rest == 0 { return Number(wide: quotient) }
    }
    return Self.finite(double / other.double)
  }

  /// The number with its sign turned round.
  public var negated: Number {
    if let wide { return Number(wide: -wide) }
    return Self.finite(-double) ?? self
  }

  /// Without its sign: that of every integer of 64 bits is exact.
  public var magnitude: Number { self < .zero ? negated : self }

  /// Whether a double may stand for several integers of 64 bits.
  @inlinable
  public static func isWide(_ value: Double) -> Bool {
    value.magnitude >= 0x1p53 && value.magnitude <= 0x1p64
  }

  /// Whether its double is a number of another value.
  @inlinable
  public var isBeyondDoubles: Bool {
    switch form {
    case .signed(let value): value.magnitude > 1 << 53 && Int64(exactly: Double(value)) != value
    case .unsigned(let value): UInt64(exactly: Double(value)) != value
    case .real: false
    }
  }

  private var wide: Int128? {
    switch form {
    case .signed(let value): Int128(value)
    case .unsigned(let value): Int128(value)
    case .real: nil
    }
  }

  /// The integer, or the nearest double when it has more than 64 bits.
  private init(wide value: Int128) {
    if let signed = Int64(exactly: value) {
      self.init(signed)
    } else if let unsigned = UInt64(exactly: value) {
      self.init(unsigned)
    } else {
      self = Number(Double(value)) ?? .zero
    }
  }

  private static func finite(_ value: Double) -> Number? {
    value.isFinite ? Number(value) : nil
  }
}
