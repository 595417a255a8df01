/// A text that is no quantity of its kind.
public struct QuantityError: Error, CustomStringConvertible {
  /// How to write one.
  public var description: String

  public init(description: String) { self.description = description }
}

/// A time such as 500ms, 30s, 5m, 1.5h or 1d.
public struct DurationText: CustomStringConvertible {
  public var milliseconds: Int

  private static let units = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
  ]

  public init(milliseconds: Int) { self.milliseconds = milliseconds }

  public init(_ text: String) throws {
    guard let (number, unit) = split(text, Self.units.map(\.0)),
      let factor = Self.units.first(where: { $0.0 == unit })?.1,
      let value = whole(number, factor)
    else { throw QuantityError(description: "write a duration such as 500ms, 30s, 5m, 1h or 1d") }
    milliseconds = value
  }

  public var description: String {
    let fit = Self.units.last { milliseconds % $0.1 == 0 && milliseconds >= $0.1 } ?? ("ms", 1)
    return "\(milliseconds / fit.1)\(fit.0)"
  }
}

/// A share such as 1% or 0.1%.
public struct PercentText: CustomStringConvertible {
  /// From 0 to 1.
  public var share: Double

  public init(share: Double) { self.share = share }

  public init(_ text: String) throws {
    guard let (number, _) = split(text, ["%"]), let percent = Double(number), percent <= 100 else {
      throw QuantityError(description: "write a percentage from 0% to 100%, such as 1% or 0.1%")
    }
    share = percent / 100
  }

  public var description: String {
    let percent = (share * 1e8).rounded() / 1e6
    return "\(percent == percent.rounded() ? "\(Int(percent))" : "\(percent)")%"
  }
}

/// A number of bytes such as 10000, 5MB (5,000,000) or 5MiB (5,242,880).
public struct SizeText: CustomStringConvertible {
  public var bytes: Int

  private static let units = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("KB", 1_000), ("B", 1), ("", 1),
  ]

  public init(bytes: Int) { self.bytes = bytes }

  public init(_ text: String) throws {
    guard let (number, unit) = split(text, Self.units.map(\.0)),
      let factor = Self.units.first(where: { $0.0 == unit })?.1,
      let value = whole(number, factor)
    else { throw QuantityError(description: "write a size such as 5MB, 5MiB or 10000") }
    bytes = value
  }

  public var description: String {
    let fit = Self.units.first { $0.0 != "KB" && bytes % $0.1 == 0 && bytes >= $0.1 } ?? ("", 1)
    return fit.0 == "B" ? "\(bytes)" : "\(bytes / fit.1)\(fit.0)"
  }
}

/// The decimal number in front of one of `units`.
private func split(_ text: String, _ units: [String]) -> (number: Substring, unit: String)? {
  let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  let unit = String(text.dropFirst(number.count))
  guard units.contains(unit), number.first?.isNumber == true, number.last?.isNumber == true else {
    return nil
  }
  return (number, unit)
}

/// `number * factor` when that is a whole number.
private func whole(_ number: Substring, _ factor: Int) -> Int? {
  guard let value = Double(number) else { return nil }
  let product = value * Double(factor)
  return product < 1e15 && product == product.rounded() ? Int(product) : nil
}
