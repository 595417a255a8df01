extension Vocabulary {
  /// The words that statements begin with.
  public static let statements = [Keyword.select.rawValue] + TokenReader.openings.map(\.rawValue)
}
