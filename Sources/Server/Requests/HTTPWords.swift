import Foundation

/// Messages as clients of HTTP hear them. The store's own name options of the command line where something has to be said;
/// over HTTP it is said by a clause of a statement, or a parameter. Documents that were rejected keep the message with which
/// they were, whoever asks for it later: so it is translated as it is told.
enum HTTPWords {
  /// What says the same as an option.
  static let words = [
    "--time": "TIME in DEFINE STREAM",
    "--time-zone": "ZONE 'name' behind TIME in DEFINE STREAM or ALTER STREAM",
    "--time-unit": "UNIT behind TIME in DEFINE STREAM or ALTER STREAM",
    "--time-format": "FORMAT '...' behind TIME in DEFINE STREAM or ALTER STREAM",
    "--explode": "EXPLODE in DEFINE STREAM",
    "--decimal-mark comma": "?decimal_mark=comma",
    "--decimal-mark point": "?decimal_mark=point",
  ]

  /// The text in these words. O(bytes of the text).
  static func told(_ text: String) -> String {
    // Most have none.
    guard text.contains("--") else { return text }
    return text.replacing(#/--[a-z-]+(?: (?:comma|point))?/#) { match in
      words[String(match.output)] ?? String(match.output)
    }
  }
}
