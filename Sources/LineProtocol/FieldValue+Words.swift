/// Values without quotes: numbers and booleans.
extension FieldValue {
  /// Throws ``LineFault`` for what is none. `word` has a byte at least.
  init(word: Point.Bytes) throws(LineFault) {
    switch word.last {
    case UInt8(ascii: "i"): self = .integer(try Self.integer(word.dropLast(), as: Int64.self))
    case UInt8(ascii: "u"): self = .unsigned(try Self.integer(word.dropLast(), as: UInt64.self))
    case _ where word.first.map(Self.beginsNumber) == true: self = .float(try Self.float(word))
    default:
      guard let boolean = Self.boolean(word) else {
        let isMeant = word.first.map("tTfF".utf8.contains) == true
        throw LineFault(isMeant ? "invalid boolean" : "invalid field format")
      }
      self = boolean
    }
  }

  private static func beginsNumber(_ byte: UInt8) -> Bool {
    LineCursor.isDigit(byte) || "+-.".utf8.contains(byte)
  }

  private static func boolean(_ word: Point.Bytes) -> FieldValue? {
    for spelling in BooleanSpelling.allCases {
      for value in [true, false] where word.elementsEqual(spelling.word(value).utf8) {
        return .boolean(value, spelling)
      }
    }
    return nil
  }

  /// The digits without a plus sign and leading zeros.
  private static func integer<T: FixedWidthInteger>(
    _ word: Point.Bytes, as type: T.Type
  ) throws(LineFault) -> Point.Bytes {
    let digits = word.first.map { "+-".utf8.contains($0) } == true ? word.dropFirst() : word
    guard !digits.isEmpty, digits.allSatisfy(LineCursor.isDigit),
      let value = T(String(decoding: word, as: UTF8.self))
    else { throw LineFault("invalid number") }
    // What is written as usual stays a part of the line.
    let isUsual = digits.first != UInt8(ascii: "0") && word.first != UInt8(ascii: "+")
    return isUsual ? word : Array(String(value).utf8)[...]
  }

  /// The same number as JSON writes it, digit for digit: `1.` is `1`, `.5` is `0.5`.
  private static func float(_ word: Point.Bytes) throws(LineFault) -> Point.Bytes {
    var text = NumberText(word)
    guard text.isNumber, text.isFinite else { throw LineFault("invalid number") }
    return text.isJSON ? word : text.json[...]
  }
}

/// The parts of a decimal number: `-12.5e3`.
private struct NumberText {
  private let word: Point.Bytes
  private var sign = false
  private var (whole, fraction, exponent): (Point.Bytes, Point.Bytes, Point.Bytes)
  private(set) var isNumber: Bool
  /// Whether JSON writes it in the same way.
  private(set) var isJSON: Bool

  init(_ word: Point.Bytes) {
    self.word = word
    var rest = word
    let first = rest.first
    sign = first == UInt8(ascii: "-")
    if sign || first == UInt8(ascii: "+") { rest.removeFirst() }
    whole = Self.digits(&rest)
    let hasPoint = rest.first == UInt8(ascii: ".")
    if hasPoint { rest.removeFirst() }
    fraction = hasPoint ? Self.digits(&rest) : []
    exponent = []
    isNumber = !whole.isEmpty || !fraction.isEmpty
    if let e = rest.first, e | 0x20 == UInt8(ascii: "e") {
      exponent = rest
      rest.removeFirst()
      if let sign = rest.first, "+-".utf8.contains(sign) { rest.removeFirst() }
      isNumber = isNumber && !Self.digits(&rest).isEmpty
    }
    isNumber = isNumber && rest.isEmpty
    let hasZeros = whole.count > 1 && whole.first == UInt8(ascii: "0")
    isJSON =
      first != UInt8(ascii: "+") && !whole.isEmpty && !hasZeros && (!hasPoint || !fraction.isEmpty)
  }

  private static func digits(_ rest: inout Point.Bytes) -> Point.Bytes {
    let digits = rest.prefix(while: LineCursor.isDigit)
    rest = rest[digits.endIndex...]
    return digits
  }

  /// Whether 64 bits of floating point hold it.
  var isFinite: Bool {
    if exponent.isEmpty, whole.count < 300 { return true }
    return Double(String(decoding: word, as: UTF8.self))?.isFinite == true
  }

  var json: [UInt8] {
    var text: [UInt8] = sign ? [UInt8(ascii: "-")] : []
    let significant = whole.drop { $0 == UInt8(ascii: "0") }
    text += significant.isEmpty ? [UInt8(ascii: "0")] : Array(significant)
    if !fraction.isEmpty { text += [UInt8(ascii: ".")] + fraction }
    return text + exponent
  }
}
