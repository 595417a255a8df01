import Language

extension StatementRun {
  func select(_ select: Select) throws -> Answer {
    try result(of: select).answer
  }

  func result(of select: Select) throws -> QueryExecution.Result {
    try execution(of: select).result()
  }

  func execution(of select: Select) throws -> QueryExecution {
    QueryExecution(query: try Binder.bind(select, self), source: source, options: options)
  }
}
