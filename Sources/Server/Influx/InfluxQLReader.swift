import Bytes
import Language

/// Reads a statement of InfluxQL from its words.
struct InfluxQLReader {
  let tokens: [InfluxQLToken]
  let nowNs: Int64
  private var next = 0

  init(_ tokens: [InfluxQLToken], nowNs: Int64) { (self.tokens, self.nowNs) = (tokens, nowNs) }

  // MARK: Words

  var token: InfluxQLToken? { next < tokens.count ? tokens[next] : nil }
  func isAt(_ word: String) -> Bool { token?.isWord(word) ?? false }

  mutating func take() -> InfluxQLToken? {
    defer { next += 1 }
    return token
  }

  /// Whether these words stand here, which are then taken.
  mutating func takeIf(_ words: String...) -> Bool {
    for (offset, word) in words.enumerated() {
      let place = next + offset
      guard place < tokens.count, tokens[place].isWord(word) else { return false }
    }
    next += words.count
    return true
  }

  mutating func takeIf(symbol: String) -> Bool {
    guard token?.isSymbol(symbol) ?? false else { return false }
    next += 1
    return true
  }

  mutating func expect(_ symbol: String) throws(InfluxQLError) {
    if !takeIf(symbol: symbol) { throw unexpected("expected \(symbol)") }
  }

  func unexpected(_ wanted: String) -> InfluxQLError {
    InfluxQLError("error parsing query: found \(token?.text ?? "EOF"), \(wanted)")
  }

  mutating func name() throws(InfluxQLError) -> String {
    guard let token, token.kind == .word || token.kind == .name else {
      throw unexpected("expected identifier")
    }
    next += 1
    return token.text
  }

  mutating func wholeNumber() throws(InfluxQLError) -> Int {
    guard let token, token.kind == .number, let number = Int(token.text) else {
      throw unexpected("expected integer")
    }
    next += 1
    return number
  }

  // MARK: Statements

  mutating func statement() throws(InfluxQLError) -> InfluxQLStatement {
    let statement = try begun()
    if let token {
      throw InfluxQLError(
        "\(token.text) is not answered here; ask in the query language at /v1/query")
    }
    return statement
  }

  private mutating func begun() throws(InfluxQLError) -> InfluxQLStatement {
    if takeIf("CREATE", "DATABASE") {
      _ = takeIf("IF", "NOT", "EXISTS")
      let name = try name()
      // What follows says how it is kept, which is nobody's business here.
      next = tokens.count
      return .createDatabase(name)
    }
    if takeIf("SHOW", "DATABASES") { return .showDatabases }
    if takeIf("SHOW", "RETENTION", "POLICIES") {
      next = tokens.count
      return .showRetentionPolicies
    }
    if takeIf("SHOW", "MEASUREMENTS") { return .showMeasurements(try measurements()) }
    if takeIf("SHOW", "TAG", "KEYS") {
      let from = try from()
      try skipWhere()
      return .showTagKeys(from: from)
    }
    if takeIf("SHOW", "FIELD", "KEYS") { return .showFieldKeys(from: try from()) }
    if takeIf("SHOW", "TAG", "VALUES") { return try tagValues() }
    if takeIf("SELECT") { return .select(try select()) }
    throw InfluxQLError(
      "of InfluxQL there are SELECT of aggregates, SHOW MEASUREMENTS, SHOW TAG KEYS, SHOW TAG VALUES, SHOW FIELD KEYS and "
        + "SHOW DATABASES; ask in the query language at /v1/query")
  }

  private mutating func onDatabase() throws(InfluxQLError) {
    if takeIf("ON") { _ = try name() }
  }

  private mutating func from() throws(InfluxQLError) -> String? {
    try onDatabase()
    return takeIf("FROM") ? try measurement() : nil
  }

  /// The last of `"db"."policy"."name"`.
  mutating func measurement() throws(InfluxQLError) -> String {
    var measurement = try name()
    while takeIf(symbol: ".") {
      if token?.isSymbol(".") ?? false { continue }
      measurement = try name()
    }
    return measurement
  }

  private mutating func measurements() throws(InfluxQLError) -> InfluxQLNames {
    try onDatabase()
    var names = InfluxQLNames.all
    if takeIf("WITH", "MEASUREMENT") { names = try self.names() }
    if takeIf("LIMIT") { _ = try wholeNumber() }
    return names
  }

  private mutating func tagValues() throws(InfluxQLError) -> InfluxQLStatement {
    let from = try from()
    guard takeIf("WITH", "KEY") else { throw unexpected("expected WITH KEY") }
    let keys = try names()
    let condition = takeIf("WHERE") ? try condition() : InfluxQLCondition()
    if takeIf("LIMIT") { _ = try wholeNumber() }
    return .showTagValues(from: from, keys: keys, where: condition)
  }

  /// `= name`, `IN (names)`, `=~ /pattern/`.
  private mutating func names() throws(InfluxQLError) -> InfluxQLNames {
    if takeIf("IN") {
      try expect("(")
      var names = [try name()]
      while takeIf(symbol: ",") { names.append(try name()) }
      try expect(")")
      return .some(names)
    }
    if takeIf(symbol: "=") { return .some([try name()]) }
    for (symbol, isNegated) in [("=~", false), ("!~", true)] where takeIf(symbol: symbol) {
      guard let token, token.kind == .pattern else { throw unexpected("expected regex") }
      next += 1
      return .like(Text(token.text), isNegated: isNegated)
    }
    throw unexpected("expected =, =~ or IN")
  }

  /// Tag keys are those of the stream, whichever points are meant.
  private mutating func skipWhere() throws(InfluxQLError) {
    if takeIf("WHERE") { _ = try condition() }
    if takeIf("LIMIT") { _ = try wholeNumber() }
  }
}
