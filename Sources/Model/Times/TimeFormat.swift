/// How a time was written in its document: enough to write the same bytes again from the nanoseconds.
public struct TimeFormat: Sendable, Hashable {
  /// The form as one small integer, as blocks store it. Zero: the text cannot be written again from the
  /// nanoseconds (a leap second, more than nine digits of fraction, a form by a ``TimePattern``), so the
  /// document is kept whole.
  public var code: UInt32

  /// `code` as a block stored it; nothing is checked.
  @inlinable
  public init(code: UInt32) { self.code = code }

  /// A time that cannot be written again from its nanoseconds: its document is kept whole.
  public static let irreproducible = TimeFormat(code: 0)

  /// How the zone is spelled: `Z`, `z`, or an offset with a sign.
  public enum Zone: UInt32, Sendable { case z, lowercaseZ, plus, minus }

  /// How an offset is spelled: `+hh:mm`, `+hhmm`, `+hh`, or not at all: a local time of a known zone.
  public enum OffsetStyle: UInt32, Sendable { case colon, compact, hours, absent }

  /// The unit of numbers since 1970-01-01T00:00:00Z.
  public enum EpochUnit: UInt32, Sendable, CaseIterable {
    case seconds, milliseconds, microseconds, nanoseconds

    /// How many nanoseconds one of it has.
    public var nanoseconds: Int64 {
      switch self {
      case .seconds: 1_000_000_000
      case .milliseconds: 1_000_000
      case .microseconds: 1_000
      case .nanoseconds: 1
      }
    }

    /// "s", "ms", "us" or "ns".
    public var abbreviation: String {
      switch self {
      case .seconds: "s"
      case .milliseconds: "ms"
      case .microseconds: "us"
      case .nanoseconds: "ns"
      }
    }

    /// The unit of an abbreviation; nil when there is none.
    public init?(abbreviation: String) {
      guard let unit = Self.allCases.first(where: { $0.abbreviation == abbreviation }) else {
        return nil
      }
      self = unit
    }
  }

  /// The spelling of an ISO 8601 text.
  public struct Spelling: Sendable, Equatable {
    /// `T`, `t` or a space; 0 when the text is a date alone.
    public var separator = UInt8(ascii: "T")
    public var fractionDigits = 0
    public var zone = Zone.z
    /// The size of the offset; of a local time that of its zone then.
    public var offsetMinutes = 0
    public var offsetStyle = OffsetStyle.colon
    /// A comma, not a point, begins the fraction.
    public var hasComma = false
    public var hasSeconds = true
    /// Without hyphens and colons: `20240730T120000Z`.
    public var isBasic = false

    /// The spelling of RFC 3339 in UTC, without a fraction.
    public init() {}
  }

  // Bits: 0-1 kind (1 ISO 8601, 2 epoch), 2-5 fraction digits, 6-13 separator or unit,
  // 14-15 zone, 16-26 offset in minutes, 27-28 style of the offset, 29 comma, 30 no seconds, 31 basic.

  /// A text of RFC 3339.
  @inlinable
  public static func rfc3339(
    separator: UInt8, fractionDigits: Int, zone: Zone, offsetMinutes: Int
  ) -> TimeFormat {
    let low = 1 | UInt32(fractionDigits) << 2 | UInt32(separator) << 6
    return TimeFormat(code: low | zone.rawValue << 14 | UInt32(offsetMinutes) << 16)
  }

  /// A text of ISO 8601, at most nine digits of fraction.
  public static func iso8601(_ spelling: Spelling) -> TimeFormat {
    let plain = rfc3339(
      separator: spelling.separator, fractionDigits: spelling.fractionDigits, zone: spelling.zone,
      offsetMinutes: spelling.offsetMinutes)
    let flags =
      (spelling.hasComma ? 1 : 0) | (spelling.hasSeconds ? 0 : 2) | (spelling.isBasic ? 4 : 0)
    return TimeFormat(
      code: plain.code | spelling.offsetStyle.rawValue << 27 | UInt32(flags) << 29)
  }

  /// A number since 1970 in a unit; its fraction has `fractionDigits` digits, nine at most.
  @inlinable
  public static func epoch(_ unit: EpochUnit, fractionDigits: Int) -> TimeFormat {
    TimeFormat(code: 2 | UInt32(fractionDigits) << 2 | unit.rawValue << 6)
  }

  /// Whether the time was a JSON number rather than a string.
  @inlinable
  public var isEpoch: Bool { code & 3 == 2 }
  /// Whether it is a text of RFC 3339, the form of nearly all times.
  @inlinable
  public var isRFC3339: Bool { code >> 27 == 0 && separator != 0 }
  @inlinable
  public var fractionDigits: Int { Int(code >> 2 & 15) }
  /// `T`, `t` or a space; 0 for a date alone. Of an epoch number it has no meaning.
  @inlinable
  public var separator: UInt8 { UInt8(truncatingIfNeeded: code >> 6) }
  /// Only of an epoch number: see ``isEpoch``.
  public var unit: EpochUnit { EpochUnit(rawValue: code >> 6 & 3) ?? .seconds }
  public var zone: Zone { Zone(rawValue: code >> 14 & 3) ?? .z }
  @inlinable
  public var offsetMinutes: Int { Int(code >> 16 & 0x7FF) }
  public var offsetStyle: OffsetStyle { OffsetStyle(rawValue: code >> 27 & 3) ?? .colon }
  @inlinable
  public var hasComma: Bool { code & 1 << 29 != 0 }
  @inlinable
  public var hasSeconds: Bool { code & 1 << 30 == 0 }
  @inlinable
  public var isBasic: Bool { code & 1 << 31 != 0 }
}

/// A time read from a document.
public struct ParsedTime: Sendable, Equatable {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var ns: Int64
  public var format: TimeFormat

  /// An instant, and how it was written.
  @inlinable
  public init(ns: Int64, format: TimeFormat) {
    self.ns = ns
    self.format = format
  }
}
