import Language
import Model

/// Fields, and predicates on them.
extension Binder {
  /// A field of the stream that can be asked for.
  func field(_ path: FieldPath) throws(Issue) -> StreamInfo.Field {
    let stream = query.stream
    if path.path == stream.timePath {
      throw Issue(
        path.span, "\(path.path) is the time of \(stream.name)",
        hint: "ask for times with SINCE and UNTIL; in an answer it is the column time")
    }
    guard let field = stream.fields.first(where: { $0.path == path.path }) else {
      throw unknown(path)
    }
    guard field.hasColumn else {
      throw Issue(
        path.span, "\(path.path) has no column: it is in the documents only",
        hint: "too many other fields stand beside it")
    }
    return field
  }

  private func unknown(_ path: FieldPath) -> Issue {
    let stream = query.stream
    let names = stream.fields.map(\.path)
    let hint: String
    if let nearest = Spelling.nearest(path.path, names + query.columnNames) {
      hint = "did you mean \(nearest)?"
    } else if names.isEmpty {
      hint = "it has no fields yet"
    } else {
      let list = names.prefix(10).joined(separator: ", ")
      hint = "it has: \(list)" + (names.count > 10 ? ", ... (SHOW FIELDS FROM \(stream.name))" : "")
    }
    return Issue(
      path.span,
      isAfterItems
        ? "\(path.path) is no column of the answer, and no field of \(stream.name)"
        : "\(stream.name) has no field \(path.path)", hint: hint)
  }

  // MARK: Predicates

  /// The same with values for parameters, its fields checked.
  mutating func predicate(_ predicate: Predicate) throws(Issue) -> Predicate {
    switch predicate {
    case .compare(let path, let comparison, let value):
      return .compare(path, comparison, try literal(value, of: try field(path), path))
    case .in(let path, let values, let isNegated):
      let field = try field(path)
      var literals: [Literal] = []
      for value in values { literals.append(try literal(value, of: field, path)) }
      return .in(path, literals, isNegated: isNegated)
    case .between(let path, let low, let high, let isNegated):
      let field = try field(path)
      return .between(
        path, try literal(low, of: field, path), try literal(high, of: field, path),
        isNegated: isNegated)
    case .like(let path, _, _), .isNull(let path, _):
      _ = try field(path)
      return predicate
    case .matches(let path, let pattern, _):
      _ = try field(path)
      try Self.checkPattern(pattern, path.span)
      return predicate
    case .and(let left, let right):
      return .and(try self.predicate(left), try self.predicate(right))
    case .or(let left, let right):
      return .or(try self.predicate(left), try self.predicate(right))
    case .not(let inner): return .not(try self.predicate(inner))
    case .constant: return predicate
    }
  }

  static func checkPattern(_ pattern: String, _ span: SourceSpan) throws(Issue) {
    do {
      _ = try Regex(pattern)
    } catch {
      throw Issue(span, "the regular expression '\(pattern)' is not legal: \(error)")
    }
  }

  private mutating func literal(
    _ literal: Literal, of field: StreamInfo.Field, _ path: FieldPath
  ) throws(Issue) -> Literal {
    var literal = literal
    if case .parameter(let parameter) = literal { literal = try Self.literal(parameter, options) }
    if case .number = literal, field.kind == .text || field.kind == .boolean {
      let note =
        "\(path.path) has no numbers to compare with \(literal.canonicalText); texts stand in quotes"
      if !query.notes.contains(note) { query.notes.append(note) }
    }
    return literal
  }

  private static func literal(
    _ parameter: Parameter, _ options: QueryOptions
  ) throws(Issue) -> Literal {
    switch try options.parameters.value(of: parameter) {
    case .text(let text): return .string(text)
    case .bool(let value): return .bool(value)
    case .integer(let value): return .number(Double(value), text: "\(value)")
    case .unsigned(let value): return .number(Double(value), text: "\(value)")
    case .number(let value) where value.isFinite: return .number(value, text: "\(value)")
    case .null:
      throw Issue(
        parameter.span, "the parameter $\(parameter.name) is NULL",
        hint: "nothing equals NULL; write IS NULL")
    case .number, .time, .top:
      throw Issue(parameter.span, "the parameter $\(parameter.name) is no value of a field")
    }
  }
}

extension Predicate {
  /// The fields that it looks at.
  var fields: [FieldPath] {
    switch self {
    case .compare(let field, _, _), .in(let field, _, _), .between(let field, _, _, _),
      .like(let field, _, _), .matches(let field, _, _), .isNull(let field, _):
      [field]
    case .and(let left, let right), .or(let left, let right): left.fields + right.fields
    case .not(let inner): inner.fields
    case .constant: []
    }
  }
}

extension BoundQuery {
  /// The names of the answer's columns, as far as they are known.
  var columnNames: [String] {
    (kpi?.items.map(\.name) ?? []) + (kpi?.groupBy ?? []) + groups.map(\.name)
      + outputs.map(\.name)
  }
}
