import Bytes
import Foundation

extension ServerConfiguration {
  /// All settings as a file of `--config` can have them: what each means and where it comes from are comments. Read again,
  /// it gives the same values.
  public var yaml: String {
    entries.map { "# \($0.setting.meaning)\n\($0.yaml)\n" }.joined()
  }
}

extension ServerConfiguration.Entry {
  fileprivate var yaml: String {
    let value =
      setting.isList
      ? "[\(Setting.items(text).map(Self.quoted).joined(separator: ", "))]" : Self.scalar(text)
    // A name of a file may have any letters; a comment ends with the line.
    let origin = origin.components(separatedBy: .controlCharacters).joined(separator: " ")
    return "\(setting.key): \(value)  # \(origin)"
  }

  /// A text as YAML reads it back, quoted where it has anything that may mean something there.
  private static func scalar(_ text: String) -> String {
    let isPlain = text.utf8.first.map(isLetterOrDigit) ?? false
    let marks = ".:/_-".utf8
    guard isPlain, text.utf8.allSatisfy({ isLetterOrDigit($0) || marks.contains($0) }),
      !text.hasSuffix(":"), !["null", "Null", "NULL"].contains(text)
    else { return quoted(text) }
    return text
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: false
    }
  }

  /// A string of JSON is one of YAML (YAML 1.2, section 1.3).
  private static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.append(jsonString: text)
    return String(decoding: bytes, as: UTF8.self)
  }
}
