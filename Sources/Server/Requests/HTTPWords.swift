import Query

/// Messages as clients of HTTP hear them: in the words of statements, and of parameters.
enum HTTPWords {
  /// What says the same as an option, beside ``StatementWords``.
  static let words = [
    "--decimal-mark comma": "?decimal_mark=comma",
    "--decimal-mark point": "?decimal_mark=point",
  ]

  /// The text in these words. O(bytes of the text).
  static func told(_ text: String) -> String { told(text, bySource: false) }

  /// The same of what a source that is defined has brought.
  static func told(_ text: String, bySource isOfSource: Bool) -> String {
    StatementWords.told(text, bySource: isOfSource, others: words)
  }
}
