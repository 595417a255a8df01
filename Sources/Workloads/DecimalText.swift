/// Numbers as ASCII text, written digit by digit without a `String` in between.
extension [UInt8] {
  /// Appends the bytes of a string. O(n).
  mutating func append(ascii text: String) {
    append(contentsOf: text.utf8)
  }

  /// Overwrites `width` bytes from `offset` on with the last `width` decimal digits of `value`,
  /// padded with zeros. O(`width`).
  mutating func overwrite(at offset: Int, digitsOf value: Int, width: Int) {
    var rest = UInt64(value)
    var place = offset + width
    while place > offset {
      place -= 1
      self[place] = UInt8(truncatingIfNeeded: 48 + rest % 10)
      rest /= 10
    }
  }

  /// Overwrites 16 bytes from `offset` on with `value` in lower-case hexadecimal digits.
  mutating func overwrite(at offset: Int, hexOf value: UInt64) {
    var rest = value
    var place = offset + 16
    while place > offset {
      place -= 1
      let digit = UInt8(truncatingIfNeeded: rest & 15)
      self[place] = digit < 10 ? 48 + digit : 87 + digit
      rest >>= 4
    }
  }

  /// Appends a whole number, without padding. O(digits).
  mutating func append(decimal value: Int) {
    if value < 0 { append(UInt8(ascii: "-")) }
    let magnitude = value.magnitude
    var unit: UInt = 1
    while magnitude / unit >= 10 { unit *= 10 }
    appendDigits(of: magnitude, from: unit)
  }

  /// Appends `hundredths` / 100 with two decimals always: 2137 as `21.37`, -5 as `-0.05`.
  mutating func append(hundredths: Int) {
    if hundredths < 0 { append(UInt8(ascii: "-")) }
    let (whole, fraction) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    append(decimal: Int(whole))
    append(UInt8(ascii: "."))
    appendDigits(of: fraction, from: 10)
  }

  /// Appends `tenths` / 10 with one decimal always: 452 as `45.2`.
  mutating func append(tenths: Int) {
    if tenths < 0 { append(UInt8(ascii: "-")) }
    let (whole, fraction) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
    append(decimal: Int(whole))
    append(UInt8(ascii: "."))
    appendDigits(of: fraction, from: 1)
  }

  /// Appends `tenThousandths` / 10000 with one to four decimals: 1230 as `0.123`, 30000 as `3.0`.
  mutating func append(trimmedTenThousandths tenThousandths: Int) {
    if tenThousandths < 0 { append(UInt8(ascii: "-")) }
    let (whole, fraction) = tenThousandths.magnitude.quotientAndRemainder(dividingBy: 10_000)
    append(decimal: Int(whole))
    append(UInt8(ascii: "."))
    var unit: UInt = 1_000
    var rest = fraction
    repeat {
      append(UInt8(truncatingIfNeeded: 48 + rest / unit))
      rest %= unit
      unit /= 10
    } while rest > 0
  }

  /// Appends the digits of `value`, which is below `10 * unit`, from that of `unit` down.
  private mutating func appendDigits(of value: UInt, from unit: UInt) {
    var rest = value
    var unit = unit
    while unit > 0 {
      append(UInt8(truncatingIfNeeded: 48 + rest / unit))
      rest %= unit
      unit /= 10
    }
  }
}
