/// How a time was written in its document: enough to write the same bytes again from the nanoseconds.
public struct TimeFormat: Sendable, Hashable {
  /// The form as one small integer, as blocks store it. Zero: the text cannot be written again from the
  /// nanoseconds (a leap second, more than nine digits of fraction), so the document is kept whole.
  public var code: UInt32

  @inlinable
  public init(code: UInt32) { self.code = code }

  public static let irreproducible = TimeFormat(code: 0)

  public enum Zone: UInt32, Sendable { case z, lowercaseZ, plus, minus }
  public enum EpochUnit: UInt32, Sendable, CaseIterable {
    case seconds, milliseconds, microseconds, nanoseconds

    public var nanoseconds: Int64 {
      switch self {
      case .seconds: 1_000_000_000
      case .milliseconds: 1_000_000
      case .microseconds: 1_000
      case .nanoseconds: 1
      }
    }
  }

  // Bits: 0-1 kind (1 RFC 3339, 2 epoch), 2-5 fraction digits, 6-13 separator or unit,
  // 14-15 zone, 16-26 offset in minutes.

  @inlinable
  public static func rfc3339(
    separator: UInt8, fractionDigits: Int, zone: Zone, offsetMinutes: Int
  ) -> TimeFormat {
    let low = 1 | UInt32(fractionDigits) << 2 | UInt32(separator) << 6
    return TimeFormat(code: low | zone.rawValue << 14 | UInt32(offsetMinutes) << 16)
  }

  @inlinable
  public static func epoch(_ unit: EpochUnit, fractionDigits: Int) -> TimeFormat {
    TimeFormat(code: 2 | UInt32(fractionDigits) << 2 | unit.rawValue << 6)
  }

  /// Whether the time was a JSON number rather than a string.
  @inlinable
  public var isEpoch: Bool { code & 3 == 2 }
  @inlinable
  public var fractionDigits: Int { Int(code >> 2 & 15) }
  @inlinable
  public var separator: UInt8 { UInt8(truncatingIfNeeded: code >> 6) }
  public var unit: EpochUnit { EpochUnit(rawValue: code >> 6 & 3) ?? .seconds }
  public var zone: Zone { Zone(rawValue: code >> 14 & 3) ?? .z }
  @inlinable
  public var offsetMinutes: Int { Int(code >> 16 & 0x7FF) }
}

/// A time read from a document.
public struct ParsedTime: Sendable, Equatable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var ns: Int64
  public var format: TimeFormat

  @inlinable
  public init(ns: Int64, format: TimeFormat) {
    self.ns = ns
    self.format = format
  }
}
