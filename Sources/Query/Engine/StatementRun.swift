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

  /// The entry of that name; an error of the text, with the nearest name, where there is none.
  func find<Entry>(
    _ what: String, _ name: Name, in entries: [Entry], _ nameOf: (Entry) -> String
  ) throws -> Entry {
    if let found = entries.first(where: { nameOf($0) == name.text }) { return found }
    throw error(
      name.span, "there is no \(what) \(name.text)",
      hint: Spelling.nearest(name.text, entries.map(nameOf)).map { "did you mean \($0)?" })
  }

  /// One thing that is wrong with the text.
  func error(_ span: TextSpan, _ message: String, hint: String? = nil) -> LanguageError {
    LanguageError(issues: [LanguageError.Issue(span, message, hint: hint)], text: text)
  }
}
