import FoundationEssentials

extension ZoneRules {
  static let directory = "/usr/share/zoneinfo"
  static let maxNameBytes = 64
  private static let maxFileBytes = 1 << 20

  /// The zone of a name: one of the IANA time zone database ("Europe/Paris"), "UTC", or a fixed offset
  /// ("+05:30").
  ///
  /// Names are read from the TZif files of the system; "UTC" and offsets need none. Names whose meaning is
  /// a machine's own ("localtime") or that count leap seconds ("right/...") are refused. Reads and parses
  /// one small file: keep the result.
  public init(named name: String) throws(UnknownZoneError) {
    if name == "UTC" {
      self = .utc
    } else if let offset = Self.fixedOffset(name) {
      self.init(name: name, firstOffset: offset, changes: [])
    } else if let zone = Self.read(name) {
      self = zone
    } else {
      throw UnknownZoneError(name: name, nearest: ZoneNames.nearest(to: name))
    }
  }

  /// The seconds of "+05:30".
  private static func fixedOffset(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
      bytes[3] == UInt8(ascii: ":")
    else { return nil }
    let digits = [1, 2, 4, 5].map { Int64(bytes[$0]) - 48 }
    guard digits.allSatisfy({ 0...9 ~= $0 }) else { return nil }
    let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    guard hours < 24, minutes < 60 else { return nil }
    let offset = hours * 3_600 + minutes * 60
    return bytes[0] == UInt8(ascii: "-") ? -offset : offset
  }

  private static func read(_ name: String) -> ZoneRules? {
    guard isSafe(name),
      let file = FileManager.default.contents(atPath: "\(directory)/\(name)"),
      file.count <= maxFileBytes
    else { return nil }
    let bytes = Array(file)
    return try? TZifReader.zone(name: name, bytes.rawSpan)
  }

  /// Whether a name can be that of a zone's file, and of none beyond the directory: it has no dots.
  private static func isSafe(_ name: String) -> Bool {
    guard name.utf8.count <= maxNameBytes else { return false }
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let refused = ["posix", "right", "posixrules", "localtime", "Factory"]
    return !refused.contains { Array($0.utf8) == Array(parts[0]) }
      && parts.allSatisfy { part in
        !part.isEmpty
          && part.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
              UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"),
              UInt8(ascii: "-"):
              true
            default: false
            }
          }
      }
  }
}

/// No time zone has this name.
public struct UnknownZoneError: Error, Equatable, CustomStringConvertible {
  public var name: String
  /// The name that may have been meant.
  public var nearest: String?

  public var description: String {
    let shown = String(name.prefix(ZoneRules.maxNameBytes)).debugDescription
    let text =
      "unknown time zone \(shown); write a name such as \"Europe/Paris\", \"UTC\", or an offset such as "
      + "\"+05:30\""
    if let nearest { return "\(text); did you mean \"\(nearest)\"?" }
    guard ZoneNames.all.isEmpty else { return text }
    return "\(text); \(ZoneRules.directory) names no zones: install the package tzdata"
  }
}
