import Bytes
import Model

/// How the numbers of a column are written in their documents.
enum NumberStyle: UInt8 {
  /// All with the same number of decimals: 21.50, 3.10
  case fixed
  /// Without trailing zeros: 21.5, 3
  case stripped
  /// Without trailing zeros, but with one decimal at least: 21.5, 3.0
  case strippedToOne
  /// None of these; the scale of each is kept.
  case each
}

/// A column of decimal numbers.
struct NumberValues {
  var style = NumberStyle.fixed
  /// The scale of all mantissas, but for `each`.
  var scale = 0
  var mantissas: [Int64] = []
  /// For `each`.
  var scales: [Int64] = []
}

enum NumberCoding {
  /// Appends numbers given as mantissas and scales. O(values).
  static func encode(
    _ mantissas: borrowing [Int64], _ scales: borrowing [UInt8], into output: inout [UInt8]
  ) {
    var low = UInt8.max
    var high = UInt8.min
    for index in scales.indices {
      low = min(low, scales[index])
      high = max(high, scales[index])
    }
    if low >= high {
      output.append(NumberStyle.fixed.rawValue)
      output.append(high)
      IntegerCoding.encode(mantissas, into: &output)
    } else if let (style, aligned) = align(mantissas, scales, low, high) {
      output.append(style.rawValue)
      output.append(high)
      IntegerCoding.encode(aligned, into: &output)
    } else {
      output.append(NumberStyle.each.rawValue)
      output.append(high)
      IntegerCoding.encode(mantissas, into: &output)
      IntegerCoding.encode(scales.map { Int64($0) }, into: &output)
    }
  }

  /// The mantissas at the highest scale, when the texts can still be told from them.
  private static func align(
    _ mantissas: borrowing [Int64], _ scales: borrowing [UInt8], _ low: UInt8, _ high: UInt8
  ) -> (NumberStyle, [Int64])? {
    let kept = low == 0 ? 0 : 1
    var aligned: [Int64] = []
    aligned.reserveCapacity(mantissas.count)
    for index in mantissas.indices {
      let scale = Int(scales[index])
      let mantissa = mantissas[index]
      if scale > kept && mantissa % 10 == 0 { return nil }
      let (value, overflow) = mantissa.multipliedReportingOverflow(
        by: Decimal.powers[Int(high) - scale])
      if overflow { return nil }
      aligned.append(value)
    }
    return (low == 0 ? .stripped : .strippedToOne, aligned)
  }

  static func decode(
    _ reader: inout ByteReader, count: Int
  ) throws(MalformedBytes) -> NumberValues {
    let start = reader.offset
    guard let style = NumberStyle(rawValue: try reader.integer(UInt8.self)) else {
      throw MalformedBytes(offset: start)
    }
    var numbers = NumberValues(style: style, scale: Int(try reader.integer(UInt8.self)))
    guard numbers.scale <= 18 else { throw MalformedBytes(offset: start) }
    try IntegerCoding.decode(&reader, count: count, into: &numbers.mantissas)
    if style == .each {
      try IntegerCoding.decode(&reader, count: count, into: &numbers.scales)
      for scale in numbers.scales where scale < 0 || scale > 18 {
        throw MalformedBytes(offset: start)
      }
    }
    return numbers
  }
}

extension NumberValues {
  /// The scale of number `index`.
  @inline(__always)
  func scale(_ index: Int) -> Int { style == .each ? Int(scales[index]) : scale }

  /// The mantissas and scales that documents have, which were encoded. O(values).
  var parts: (mantissas: [Int64], scales: [UInt8]) {
    switch style {
    case .fixed: return (mantissas, Array(repeating: UInt8(scale), count: mantissas.count))
    case .each: return (mantissas, scales.map { UInt8($0) })
    case .stripped, .strippedToOne:
      let kept = style == .stripped ? 0 : 1
      var parts = (mantissas: mantissas, scales: [UInt8]())
      parts.scales.reserveCapacity(mantissas.count)
      for index in mantissas.indices {
        var (mantissa, decimals) = (mantissas[index], scale)
        while decimals > kept, mantissa % 10 == 0 {
          (mantissa, decimals) = (mantissa / 10, decimals - 1)
        }
        parts.mantissas[index] = mantissa
        parts.scales.append(UInt8(decimals))
      }
      return parts
    }
  }

  /// Number `index`: exactly when it is an integer, else the nearest double.
  func number(_ index: Int) -> Number {
    let (whole, rest) = mantissas[index].quotientAndRemainder(
      dividingBy: Decimal.powers[scale(index)])
    return rest == 0 ? Number(whole) : Number(double(index)) ?? .zero
  }

  /// The double nearest to number `index`.
  @inline(__always)
  func double(_ index: Int) -> Double {
    Decimal.double(mantissa: mantissas[index], scale: scale(index))
  }
}

extension ByteSink {
  /// Appends the number `mantissa / 10^scale` as documents of this style have it.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func append(mantissa: Int64, scale: Int, _ style: NumberStyle) {
    var magnitude = mantissa.magnitude
    var decimals = scale
    if style == .stripped || style == .strippedToOne {
      let kept = style == .stripped ? 0 : 1
      while decimals > kept, magnitude % 10 == 0 {
        magnitude /= 10
        decimals -= 1
      }
    }
    if mantissa < 0 { append(UInt8(ascii: "-")) }
    append(decimal: magnitude, decimals: decimals)
  }
}
