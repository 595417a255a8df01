import Language
import Query
import Server
import Store

/// Where statements run. How they are asked, and how answers are shown, is no concern of it.
protocol StatementRunner: AnyObject {
  /// The streams and KPIs that there are now.
  func catalogue() throws -> CatalogueSnapshot

  /// Opens what `statements` need, so that none is run if one cannot be.
  func open(for statements: [Statement]) throws

  /// What the parser says of a text, with what else is known to be wrong with it.
  func completed(_ error: LanguageError, _ options: QueryOptions) throws -> LanguageError

  /// Throws what is wrong with statements of `text`, as far as it can be told before the first one is run.
  func check(_ statements: [Statement], of text: String, _ options: QueryOptions) throws

  /// Runs a statement of `text`, which its errors show.
  func run(_ statement: Statement, of text: String, _ options: QueryOptions) throws -> Answer

  /// Gives back what is open; a later call opens it again.
  func close()
}

extension StatementRunner {
  /// The statements of a text. Throws a `LanguageError` with all that is wrong with it, as far as it can be told.
  func statements(of text: String, _ options: QueryOptions) throws -> [Statement] {
    do throws(LanguageError) { return try Parser.statements(text) } catch {
      throw try completed(error, options)
    }
  }
}

extension Statement {
  /// Whether there may be no store before it.
  fileprivate var isFirst: Bool {
    switch body {
    case .defineStream, .defineSource: true
    default: false
    }
  }
}

/// Runs statements in the store of a directory, open for reading. For a statement that changes it,
/// the store is opened for writing, and closed again after it: no other writer is locked out for
/// longer.
final class LocalRunner: StatementRunner {
  private let directory: StoreDirectory
  /// Whether a store that was opened for writing stays so.
  private let staysWriting: Bool
  private var opened: (store: Store, isWriting: Bool)?

  init(_ directory: StoreDirectory, staysWriting: Bool = false) {
    self.directory = directory
    self.staysWriting = staysWriting
  }

  deinit { close() }

  func catalogue() throws -> CatalogueSnapshot { try reading().snapshot() }

  func run(_ statement: Statement, of text: String, _ options: QueryOptions) throws -> Answer {
    guard statement.isChange else {
      return try QueryEngine(try reading()).run(statement, of: text, options)
    }
    let store = try writing(makes: statement.isFirst)
    defer { if !staysWriting { close() } }
    return try Audit(store).running(statement, actor: userName(), address: "local") {
      try QueryEngine(store).run(statement, of: text, options)
    }
  }

  /// For writing, if one of them changes the store.
  func open(for statements: [Statement]) throws {
    guard let change = statements.first(where: \.isChange) else {
      _ = try reading()
      return
    }
    _ = try writing(makes: change.isFirst)
  }

  func completed(_ error: LanguageError, _ options: QueryOptions) throws -> LanguageError {
    guard !error.statements.isEmpty, opened != nil || directory.hasStore else { return error }
    return try QueryEngine(try reading()).completed(error, options)
  }

  func check(_ statements: [Statement], of text: String, _ options: QueryOptions) throws {
    // One is looked at when it is run, and the first of all may make the store.
    guard statements.count > 1, opened != nil || directory.hasStore else { return }
    try QueryEngine(try reading()).check(statements, of: text, options)
  }

  func close() {
    opened?.store.close()
    opened = nil
  }

  private func reading() throws -> Store {
    if let opened { return opened.store }
    let store = try directory.reading()
    opened = (store, false)
    return store
  }

  private func writing(makes: Bool) throws -> Store {
    if let opened, opened.isWriting { return opened.store }
    // A process may have a store open once.
    close()
    do {
      let store = makes ? try directory.writing() : try directory.changing()
      opened = (store, true)
      return store
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure("the statement changes the store, which cannot be done now: \(error)")
    }
  }
}
