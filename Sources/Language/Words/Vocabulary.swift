/// The words of the language, for completion and for highlighting. All in small letters; case does
/// not count in a text.
public enum Vocabulary {
  /// The words that are names only in double quotes.
  public static let reserved = Keyword.allCases.map(\.rawValue)
  /// The words that are keywords in their place, and names elsewhere.
  public static let contextual = Word.allCases.map(\.rawValue)
  /// All spellings of all units of time: `h`, `hr`, `hour`, `hours`.
  public static let timeUnits = TimeUnit.allCases.flatMap(\.words)
  /// The names of functions. There are also p0 to p100.
  public static let functions =
    AggregateFunction.ofOneField.map(\.name) + ["median", "percentile", "quantile", "top"]
    + ScalarFunction.allCases.map(\.name) + WindowFunction.allCases.map(\.name)
}
