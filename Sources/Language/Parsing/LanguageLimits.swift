/// What a text in the query language is held to, so that any bytes end in an answer or an error
/// soon.
public enum LanguageLimits {
  /// Bytes of a text, of all its statements together: 1 MiB.
  public static let maxTextBytes = 1 << 20
  /// Levels of parentheses and operators: the height of the tree of a text.
  public static let maxNesting = 256
  /// Errors reported at once.
  public static let maxIssues = 20
  /// Bytes of a number as it is written.
  public static let maxNumberBytes = 64
  /// The largest k of top(x, k).
  public static let maxTop = 1000
  /// Bytes of the unit of a KPI's column.
  public static let maxUnitBytes = 64
  /// The largest count of a length of time.
  public static let maxTimeAmount: Int64 = 99_999_999
}
