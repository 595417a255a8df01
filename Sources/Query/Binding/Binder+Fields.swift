import Bytes
import Language
import Model
import RE2

/// Fields, and predicates on them.
extension Binder {
  /// A field of the stream that can be asked for. Of arrays one may ask whether they are there, and no more.
  func field(_ path: FieldPath, isForPresence: Bool = false) throws(Issue) -> StreamInfo.Field {
    let stream = query.stream
    if path.path == stream.timePath {
      throw Issue(
        path.span, "\(path.path) is the time of \(stream.name)",
        hint: Self.timesHint)
    }
    guard let field = stream.fields.first(where: { $0.path == path.path }) else {
      throw unknown(path)
    }
    if field.kind == .list {
      if isForPresence { return field }
      throw Issue(path.span, "\(path.path) is an array", hint: arrayHint(path.path.string))
    }
    guard field.hasColumn else {
      throw Issue(
        path.span, "\(path.path) has no column: it is in the documents only",
        hint: "too many other fields stand beside it, or its name is too long")
    }
    return field
  }

  private static let timesHint =
    "ask for times with SINCE and UNTIL; in an answer it is the column time"
  /// What times are called elsewhere.
  private static let timeNames: [Text] = [
    "time", "timestamp", "ts", "t", "date", "datetime", "_time", "@timestamp",
  ]

  /// Asks for the times of a stream by another name than that of their field.
  func timeHint(_ path: FieldPath) -> String? {
    let stream = query.stream
    guard Self.timeNames.contains(path.path),
      !stream.fields.contains(where: { $0.path == path.path })
    else { return nil }
    return "its times are those of \(stream.timePath): \(Self.timesHint)"
  }

  /// What stands at a path that has no values of its own: the array whose elements are the facts, or an object.
  private func container(_ path: FieldPath) -> Issue? {
    let stream = query.stream
    let within = stream.fields.map(\.path).filter {
      $0.string.utf8.starts(with: "\(path.path).".utf8)
    }
    if stream.explodePath != path.path, within.isEmpty { return nil }
    let list = within.prefix(5).joined(separator: ", ") + (within.count > 5 ? ", ..." : "")
    return Issue(
      path.span,
      stream.explodePath == path.path
        ? "\(path.path) is the array whose elements are the facts of \(stream.name)"
        : "\(path.path) is an object, not a value",
      hint: within.isEmpty ? nil : "ask for what is in it: \(list)")
  }

  private func arrayHint(_ path: String) -> String {
    if let exploded = query.stream.explodePath {
      return "the elements of \(exploded) are the facts of \(query.stream.name), "
        + "and a stream explodes one array; count(\(path)) counts the facts that have one"
    }
    return
      "ALTER STREAM \(Name(query.stream.name).canonicalText) EXPLODE \(path) makes facts of its elements, and so does "
      + "EXPLODE \(path) in the DEFINE STREAM of another"
  }

  /// The array that has the field in its elements.
  private func array(around path: FieldPath) -> Issue? {
    let arrays = query.stream.fields.filter {
      $0.hasLists && path.path.string.utf8.starts(with: "\($0.path).".utf8)
    }
    guard let array = arrays.max(by: { $0.path.utf8.count < $1.path.utf8.count }) else {
      return nil
    }
    return Issue(
      path.span, "\(array.path) is an array, and \(path.path) would be of its elements",
      hint: arrayHint(array.path.string))
  }

  private func unknown(_ path: FieldPath) -> Issue {
    if let issue = array(around: path) ?? container(path) { return issue }
    let stream = query.stream
    if !isAfterItems, itemNames.contains(path.path) {
      return Issue(
        path.span, "\(path.path) is the name of an item, and here a field is expected",
        hint: "write again what it is computed of; HAVING and ORDER BY take the names of items")
    }
    let names = stream.fields.map(\.path)
    let hint: String
    if let time = timeHint(path) {
      hint = time
    } else if let nearest = Spelling.nearest(path.path, names + query.columnNames) {
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

  /// The same with values for parameters, its fields checked. What is wrong is noted.
  mutating func predicate(_ predicate: Predicate) -> Predicate {
    switch predicate {
    case .and(let left, let right): return .and(self.predicate(left), self.predicate(right))
    case .or(let left, let right): return .or(self.predicate(left), self.predicate(right))
    case .not(let inner): return .not(self.predicate(inner))
    default:
      var checked = predicate
      attempt { binder throws(Issue) in checked = try binder.comparison(predicate) }
      return checked
    }
  }

  /// The same of one that has no others in it.
  private mutating func comparison(_ predicate: Predicate) throws(Issue) -> Predicate {
    switch predicate {
    case .compare(let path, let comparison, let value):
      let field = try field(path)
      let literal = try literal(value, of: field, path)
      if comparison != .eq && comparison != .ne { noteTextOrder(literal, of: field) }
      return .compare(path, comparison, literal)
    case .in(let path, let values, let isNegated):
      let field = try field(path)
      var literals: [Literal] = []
      for value in values { literals.append(try literal(value, of: field, path)) }
      return .in(path, literals, isNegated: isNegated)
    case .between(let path, let low, let high, let isNegated):
      let field = try field(path)
      let (low, high) = (try literal(low, of: field, path), try literal(high, of: field, path))
      noteTextOrder(low, of: field)
      return .between(path, low, high, isNegated: isNegated)
    case .like(let path, _, _):
      _ = try field(path)
      return predicate
    case .isNull(let path, _):
      _ = try field(path, isForPresence: true)
      return predicate
    case .matches(let path, let pattern, _):
      _ = try field(path)
      try Self.checkPattern(pattern)
      return predicate
    case .and, .or, .not, .constant: return predicate
    }
  }

  static func checkPattern(_ pattern: Spanned<Text>) throws(Issue) {
    do throws(RegularExpression.Refusal) {
      _ = try RegularExpression(pattern.value.string)
    } catch {
      throw Issue(
        pattern.span, "the regular expression is not legal: \(error.message)", hint: error.hint)
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
      add(note: note)
    }
    if field.kind == .number { try checkNumber(literal, path) }
    return literal
  }

  mutating func add(note: String) {
    if !query.notes.contains(note) { query.notes.append(note) }
  }

  /// A quoted number is compared with numbers as a number; any other text is never one.
  private mutating func checkNumber(_ literal: Literal, _ path: FieldPath) throws(Issue) {
    switch literal {
    case .number, .parameter: break
    case .bool:
      add(note: "\(path.path) has no booleans to compare with \(literal.canonicalText)")
    case .string(let value):
      if Literal.number(in: value.string) != nil { return }
      throw Issue(
        span(of: value.string, near: path.span),
        "\(path.path) has numbers, and \(literal.canonicalText) is none",
        hint: "numbers stand without quotes")
    }
  }

  /// Where a text that is compared with the field at `span` stands.
  private func span(of value: String, near span: TextSpan) -> TextSpan {
    let strings = TextToken.all(of: text).filter { $0.kind == .string && $0.text == value }
    let found =
      strings.first { $0.range.lowerBound >= span.end }
      ?? strings.last { $0.range.upperBound <= span.start }
    return found.map { TextSpan($0.range.lowerBound, $0.range.upperBound) } ?? span
  }

  /// Which of two texts is less goes by their bytes, which is seldom what is meant of numbers.
  private mutating func noteTextOrder(_ literal: Literal, of field: StreamInfo.Field) {
    guard case .string(let value) = literal, Literal.number(in: value.string) != nil else { return }
    switch field.kind {
    case .text:
      add(
        note: "\(field.path) has texts, which are compared with '\(value)' byte by byte: "
          + "'9' comes after '10'")
    case .mixed:
      add(
        note: "\(field.path) has numbers and texts: '\(value)' is compared with its numbers as a "
          + "number, and with its texts byte by byte")
    default: break
    }
  }

  static func literal(
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
  var columnNames: [Text] {
    (kpi?.items.map(\.name) ?? []) + (kpi?.groupBy ?? []) + groups.map(\.name)
      + outputs.map(\.name)
  }
}
