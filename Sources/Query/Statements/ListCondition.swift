import Bytes
import Language

/// The condition of a list: a predicate on its columns, as one on the rows of an answer.
struct ListCondition {
  typealias Issue = LanguageError.Issue

  let columns: KeyValuePairs<String, Answer.Column.Kind>
  let options: QueryOptions

  func condition(_ predicate: Predicate) throws(Issue) -> RowCondition {
    switch predicate {
    case .compare(let path, let comparison, let literal):
      let (column, kind) = try column(path)
      return .compare(column, comparison, try value(literal, kind, path))
    case .in(let path, let literals, let isNegated):
      let (column, kind) = try column(path)
      var values: [RowExpression] = []
      for literal in literals { values.append(try value(literal, kind, path)) }
      return .in(column, values, isNegated: isNegated)
    case .between(let path, let low, let high, let isNegated):
      let (column, kind) = try column(path)
      return .between(
        column, try value(low, kind, path), try value(high, kind, path), isNegated: isNegated)
    case .like(let path, let pattern, let isNegated):
      return .like(try text(path), pattern: pattern, isNegated: isNegated)
    case .matches(let path, let pattern, let isNegated):
      try Binder.checkPattern(pattern)
      return .matches(try text(path), pattern: pattern, isNegated: isNegated)
    case .isNull(let path, let isNegated):
      return .isNull(try column(path).0, isNegated: isNegated)
    case .and(let left, let right): return .and(try condition(left), try condition(right))
    case .or(let left, let right): return .or(try condition(left), try condition(right))
    case .not(let inner): return .not(try condition(inner))
    case .constant(let value): return .constant(value)
    }
  }

  /// The place of the column that ORDER BY names.
  func column(of key: OrderKey) throws(Issue) -> Int {
    switch key.expression {
    case .field(let path):
      if case .input(let index) = try column(path).0 { return index }
    case .number(let number):
      if let place = Int(exactly: number), 1...columns.count ~= place { return place - 1 }
    default: break
    }
    throw Issue(
      key.span, "\(key.expression.canonicalText) is no column of the list",
      hint: "it has: \(columns.map { Name($0.key).canonicalText }.joined(separator: ", "))")
  }

  private func column(
    _ path: FieldPath
  ) throws(Issue) -> (RowExpression, Answer.Column.Kind) {
    let names = columns.map { Text($0.key) }
    if let index = names.firstIndex(of: path.path) {
      return (.input(index), columns[index].value)
    }
    throw Issue(
      path.span, "the list has no column \(path.path)",
      hint: Spelling.nearest(path.path, names).map {
        "did you mean \(Name($0.string).canonicalText)?"
      } ?? "it has: \(columns.map { Name($0.key).canonicalText }.joined(separator: ", "))")
  }

  private func text(_ path: FieldPath) throws(Issue) -> RowExpression {
    let (column, kind) = try column(path)
    if kind == .text { return column }
    throw Issue(path.span, "\(path.path) is no text", hint: "it is compared with =, < and >")
  }

  private func value(
    _ literal: Literal, _ kind: Answer.Column.Kind, _ path: FieldPath
  ) throws(Issue) -> RowExpression {
    var literal = literal
    if case .parameter(let parameter) = literal {
      literal = try Binder.literal(parameter, options)
    }
    switch (literal, kind) {
    case (.number(let number, _), .number), (.number(let number, _), .integer):
      return .number(number)
    case (.string(let text), .number), (.string(let text), .integer):
      if let number = Literal.number(in: text.string) { return .number(number) }
    case (.string(let text), .text): return .text(text)
    case (.bool(let value), .boolean): return .bool(value)
    case (.string(let text), .time):
      if let ns = TimeResolver.parse(text.string, in: .utc) { return .time(ns) }
    default: break
    }
    let wanted =
      switch kind {
      case .time: "a time, such as '2024-06-01T12:00:00Z'"
      case .number, .integer: "a number"
      case .boolean: "TRUE or FALSE"
      case .text, .list, .state: "a text in single quotes"
      }
    throw Issue(
      path.span, "\(path.path) is not compared with \(literal.canonicalText)",
      hint: "write \(wanted)")
  }
}
