import Bytes

extension TokenReader {
  mutating func item() throws(Issue) -> Item {
    let start = token.span
    let expression = try expression()
    var alias: Text?
    if accept(.keyword(.as)) { alias = try self.alias() }
    return Item(expression, alias: alias, span: span(from: start))
  }

  /// Reads `field [AS name]`. AS OF is another clause.
  mutating func dimension() throws(Issue) -> GroupField {
    let path = try fieldPath()
    guard token.kind == .keyword(.as), wordAhead != .of else { return GroupField(path) }
    advance()
    return GroupField(path, alias: try alias())
  }

  private mutating func alias() throws(Issue) -> Text {
    guard token.isName else {
      throw unexpected("a name after AS", hint: quotedNameHint)
    }
    if token.text.isEmpty { throw Issue(token.span, "the name is empty") }
    let alias = token.text
    advance()
    return Text(alias)
  }

  func expectEndOfItem() throws(Issue) {
    if token.kind == .comma || token.kind == (isOfStatements ? .keyword(.from) : .end) { return }
    var hint: String?
    switch token.kind {
    case _ where isOfStatements && keywordHint(["FROM"]) != nil: hint = keywordHint(["FROM"])
    case .comparison: hint = isOfStatements ? "comparisons stand in WHERE and HAVING" : nil
    case .word where callHabitHint != nil: hint = callHabitHint
    case .word, .quotedName: hint = "a name for an item is given with AS"
    case .dot: hint = "a name with '.' in it is written in double quotes"
    case .keyword(.where): hint = "a condition of one aggregate stands within its parentheses"
    case .rightParenthesis: hint = "there is no open '('"
    default: break
    }
    let end = isOfStatements ? "FROM" : "the end"
    throw unexpected("',', an operator or \(end)", hint: hint)
  }
}
