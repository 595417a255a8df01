/// Messages of the store as those hear them who write statements. The store's own name options of the command line where
/// something has to be said. Documents that were rejected keep the message with which they were, whoever asks for it later: so it
/// is translated as it is told.
public enum StatementWords {
  /// What says the same as an option.
  public static let words = [
    "--time": "TIME in DEFINE STREAM",
    "--time-zone": "ZONE 'name' behind TIME in DEFINE STREAM or ALTER STREAM",
    "--time-unit": "UNIT behind TIME in DEFINE STREAM or ALTER STREAM",
    "--time-format": "FORMAT '...' behind TIME in DEFINE STREAM or ALTER STREAM",
    "--explode": "EXPLODE in DEFINE STREAM",
  ]

  /// What a source that is defined has of its own for it.
  private static let wordsOfSources = [
    "--time": "rename ('FIELD AS time') in DEFINE SOURCE, or TIME in DEFINE STREAM"
  ]

  /// The text in these words; `others` are of the surface that tells it. O(bytes of the text).
  public static func told(
    _ text: String, bySource isOfSource: Bool = false, others: [String: String] = [:]
  ) -> String {
    // Most have none.
    guard text.contains("--") else { return text }
    return text.replacing(#/--[a-z-]+(?: (?:comma|point))?/#) { match in
      let option = String(match.output)
      return (isOfSource ? wordsOfSources[option] : nil) ?? words[option] ?? others[option]
        ?? option
    }
  }
}

extension DefinedSource {
  /// Whether it is it that brings what comes from `source`: itself, or an item or a partition of it.
  public func brings(_ source: String) -> Bool {
    source.hasPrefix(name) && (source.utf8.count == name.utf8.count || source.hasPrefix("\(name)/"))
  }
}
