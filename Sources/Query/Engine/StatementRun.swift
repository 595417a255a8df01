import Language

/// A statement cannot be done.
public struct StatementError: Error, Equatable, CustomStringConvertible {
  /// What cannot be done, why, and what to do instead.
  public var description: String
  /// `description` says what cannot be done, why, and what to do instead.
  public init(_ description: String) { self.description = description }
}

/// One statement being run.
struct StatementRun {
  let store: any Queryable
  let options: QueryOptions
  /// The text that spans point into.
  let text: String
  let catalogue: CatalogueSnapshot

  func checkCancelled() throws {
    if options.isCancelled() { throw CancellationError() }
  }

  /// One thing that is wrong with the text.
  func error(_ span: TextSpan, _ message: String, hint: String? = nil) -> LanguageError {
    LanguageError(issues: [LanguageError.Issue(span, message, hint: hint)], text: text)
  }
}
