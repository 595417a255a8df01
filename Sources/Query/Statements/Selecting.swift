import Language

extension StatementRun {
  func select(_ select: Select) throws -> Answer {
    try result(of: select).answer
  }

  func result(of select: Select) throws -> QueryExecution.Result {
    try execution(of: select).result()
  }

  func execution(of select: Select) throws -> QueryExecution {
    execution(try Binder.bind(select, self))
  }

  func execution(_ query: BoundQuery) -> QueryExecution {
    QueryExecution(query: query, store: store, options: options)
  }
}
