import Bytes
import Language
import Model

/// What is selected.
extension Binder {
  mutating func bindItem(_ item: SelectItem) throws(Issue) {
    switch item {
    case .star(let span): try bindStar(span)
    case .item(let item):
      if let key = try bindKeyColumn(item) { return selected.append(key) }
      let (expression, kind) = try value(item.expression)
      try add(
        BoundQuery.Output(
          name: item.name, expression: expression, kind: kind,
          errorBound: errorBound(of: item.expression)), item.span)
    }
  }

  private mutating func bindStar(_ span: TextSpan) throws(Issue) {
    if let kpi = query.kpi {
      for item in kpi.items {
        let (expression, kind) = try value(item.expression)
        try add(
          BoundQuery.Output(
            name: item.name, expression: expression, kind: kind,
            errorBound: errorBound(of: item.expression)), span)
      }
      return
    }
    guard query.isOfFacts else {
      throw Issue(
        span, "* stands for all fields of the facts, and not beside aggregates",
        hint: "to count facts, write count(*)")
    }
    for field in query.stream.fields where field.hasColumn && field.path != query.stream.timePath {
      let (expression, kind) = try value(.field(FieldPath(field.path)))
      try add(
        BoundQuery.Output(name: field.path, expression: expression, kind: kind, errorBound: nil),
        span)
    }
  }

  private mutating func add(_ output: BoundQuery.Output, _ span: TextSpan) throws(Issue) {
    let isOwn =
      (hasTime && output.name == query.timeName) || (query.buckets != nil && output.name == "state")
    if isOwn { throw Self.twoColumns(output.name, span) }
    try checkName(output.name, span)
    query.outputs.append(output)
    selected.append(output.expression)
  }

  /// Names that a query gives have to differ.
  private func checkName(_ name: Text, _ span: TextSpan) throws(Issue) {
    let names = query.groups.map(\.name) + query.outputs.map(\.name)
    if names.contains(name) || (query.isTimeNamed && name == query.timeName) {
      throw Self.twoColumns(name, span)
    }
  }

  private static func twoColumns(_ name: Text, _ span: TextSpan) -> Issue {
    Issue(span, "two columns would be named \(name)", hint: "name one with AS")
  }

  /// The columns of times and states give way to groups that are called time and state.
  mutating func nameOwnColumns() {
    let names = query.groups.map(\.name) + query.outputs.map(\.name)
    if hasTime, !query.isTimeNamed {
      query.timeName = OwnColumn.name(query.timeName, beside: names)
    }
    query.stateName = OwnColumn.name("state", beside: names + [query.timeName])
  }

  /// Whether rows have a time.
  private var hasTime: Bool { query.isOfFacts || query.buckets != nil }

  /// Times and groups have a column of their own, which an item may name.
  private mutating func bindKeyColumn(_ item: Item) throws(Issue) -> RowExpression? {
    guard case .field(let path) = item.expression else { return nil }
    if let index = query.group(path.path) {
      if let alias = item.alias, alias != query.groups[index].name {
        try checkName(alias, item.span)
        query.groups[index].name = alias
      }
      return .group(index)
    }
    if isTime(path) {
      try checkName(item.name, item.span)
      (query.timeName, query.isTimeNamed) = (item.name, true)
      return .timeOfRow
    }
    return nil
  }

  private func isTime(_ path: FieldPath) -> Bool {
    guard hasTime else { return false }
    if path.path == query.stream.timePath { return true }
    return path.path == "time" && !query.stream.fields.contains { $0.path == "time" }
  }

  // MARK: Values

  /// What is wrong with a name is noted, and NULL stands in its place, so that more is found: nothing is wrong with NULL.
  mutating func value(
    _ expression: Expression
  ) throws(Issue) -> (RowExpression, ValueKind) {
    switch expression {
    case .number(let number): return (.number(number), .number)
    case .integer(let integer): return (.integer(Number(integer)), .number)
    case .string(let text): return (.text(text.value), .text)
    case .bool(let value): return (.bool(value.value), .boolean)
    case .null: return (.null, .null)
    case .parameter(let parameter):
      return orNull { binder throws(Issue) in try binder.value(of: parameter) }
    case .field(let path): return orNull { binder throws(Issue) in try binder.value(of: path) }
    case .aggregate(let aggregate): return value(of: aggregate)
    case .negate(let inner): return (.negate(try number(inner)), .number)
    case .binary(let operation, let left, let right):
      return (.binary(operation, try number(left), try number(right)), .number)
    case .scalar(let call): return try value(of: call)
    case .window(let call):
      return (.window(call.function, try number(call.argument), call.length), .number)
    case .unknown(let call):
      for argument in call.arguments { _ = try value(argument) }
      return (.null, .null)
    }
  }

  private mutating func orNull(
    _ body: (inout Binder) throws(Issue) -> (RowExpression, ValueKind)
  ) -> (RowExpression, ValueKind) {
    do throws(Issue) { return try body(&self) } catch {
      issues.append(error)
      return (.null, .null)
    }
  }

  private mutating func number(_ expression: Expression) throws(Issue) -> RowExpression {
    let (value, kind) = try value(expression)
    if kind.mayBeNumber { return value }
    issues.append(
      Issue(
        expression.span ?? .none,
        "\(expression.canonicalText) is \(kind.name): there is no arithmetic with it"))
    return .null
  }

  private func value(of parameter: Parameter) throws(Issue) -> (RowExpression, ValueKind) {
    switch try options.parameters.value(of: parameter) {
    case .null: return (.null, .null)
    case .bool(let value): return (.bool(value), .boolean)
    case .integer(let value): return (.integer(Number(value)), .number)
    case .unsigned(let value): return (.integer(Number(value)), .number)
    case .number(let value): return (.number(value), .number)
    case .text(let text): return (.text(text), .text)
    case .time(let ns): return (.time(ns), .time)
    case .top:
      throw Issue(parameter.span, "the parameter $\(parameter.name) is a list")
    }
  }

  private mutating func value(of path: FieldPath) throws(Issue) -> (RowExpression, ValueKind) {
    if isAfterItems {
      if let output = query.outputs.first(where: { $0.name == path.path }) {
        return (output.expression, output.kind)
      }
      if let group = query.groups.firstIndex(where: { $0.name == path.path }) {
        return (.group(group), query.groups[group].kind)
      }
      if hasTime && path.path == query.timeName { return (.timeOfRow, .time) }
      if query.buckets != nil && path.path == query.stateName { return (.state, .state) }
    }
    if let group = query.group(path.path) {
      return (.group(group), query.groups[group].kind)
    }
    if isTime(path) { return (.timeOfRow, .time) }
    if let kpi = query.kpi { return try value(of: path, kpi) }
    let field = try field(path)
    guard query.isOfFacts else {
      throw Issue(
        path.span, "\(path.path) is of one fact, and the row of many",
        hint: "add it to GROUP BY, or ask for last(\(path.canonicalText)) or another aggregate")
    }
    return (.input(input(field.path)), field.kind.value)
  }

  private mutating func value(
    of path: FieldPath, _ kpi: KpiInfo
  ) throws(Issue) -> (RowExpression, ValueKind) {
    if let item = kpi.items.first(where: { $0.name == path.path }) {
      return try value(item.expression)
    }
    if query.buckets != nil {
      if path.path == "revision" { return (.revision, .integer) }
      if path.path == "facts" { return (.facts, .integer) }
    }
    let names = kpi.items.map(\.name) + kpi.groupBy
    throw Issue(
      path.span, "KPI \(kpi.name) has no item \(path.path)",
      hint: Spelling.nearest(path.path, names).map { "did you mean \($0)?" }
        ?? "it has: \(names.joined(separator: ", "))")
  }

  private mutating func input(_ path: Text) -> Int {
    if let index = query.fields.firstIndex(of: path) { return index }
    query.fields.append(path)
    return query.fields.count - 1
  }

  private mutating func value(of call: ScalarCall) throws(Issue) -> (RowExpression, ValueKind) {
    switch call.function {
    case .coalesce, .nullif, .greatest, .least: break
    default:
      var arguments: [RowExpression] = []
      for argument in call.arguments { arguments.append(try number(argument)) }
      return (.scalar(call.function, arguments), .number)
    }
    var arguments: [RowExpression] = []
    var kind = ValueKind.null
    for argument in call.arguments {
      let (value, other) = try value(argument)
      arguments.append(value)
      guard let joined = kind.joined(other) else {
        throw Issue(
          argument.span ?? call.span,
          "\(argument.canonicalText) is \(other.name), and what stands before it \(kind.name)")
      }
      kind = joined
    }
    return (.scalar(call.function, arguments), kind == .integer ? .number : kind)
  }

  // MARK: Aggregates

  private mutating func value(of aggregate: Aggregate) -> (RowExpression, ValueKind) {
    var aggregate = aggregate
    var kind = ValueKind.null
    attempt { binder throws(Issue) in kind = try binder.kind(of: aggregate) }
    if let filter = aggregate.filter { aggregate.filter = predicate(filter) }
    if let index = query.aggregates.firstIndex(of: aggregate) { return (.input(index), kind) }
    query.aggregates.append(aggregate)
    query.aggregateKinds.append(kind)
    return (.input(query.aggregates.count - 1), kind)
  }

  private func kind(of aggregate: Aggregate) throws(Issue) -> ValueKind {
    guard let path = aggregate.argument else { return .integer }
    // Names of items may have to be printed, so fields come first.
    if let kpi = query.kpi, !query.stream.fields.contains(where: { $0.path == path.path }),
      let item = kpi.items.first(where: { $0.name == path.path })
    {
      throw Issue(
        path.span, "\(path.path) is an item of KPI \(kpi.name), computed from its cells",
        hint: "ask for \(FieldPath(item.name).canonicalText) alone, with a longer EVERY "
          + "or fewer fields in GROUP BY")
    }
    let field = try field(path, isForPresence: aggregate.function == .count)
    switch aggregate.function {
    case .count, .distinct: return .integer
    case .top: return .list
    case .first, .last:
      return switch field.kind {
      case .number: .number
      case .text, .boolean: .text
      case .mixed, .list: .mixed
      }
    default:
      guard field.kind == .number || field.kind == .mixed else {
        throw Issue(
          aggregate.span,
          "\(aggregate.function.name) is computed from numbers, and \(path.path) has none",
          hint: "count, distinct, top, first and last take any values")
      }
      return .number
    }
  }

  /// How far off an item's numbers may be.
  private func errorBound(of expression: Expression) -> String? {
    var expression = expression
    if let kpi = query.kpi, case .field(let path) = expression,
      let item = kpi.items.first(where: { $0.name == path.path })
    {
      expression = item.expression
    }
    var bounds: [String] = []
    for aggregate in expression.aggregates {
      guard let bound = aggregate.function.errorBound else { continue }
      if case .aggregate = expression { return bound }
      let text = "\(Expression.aggregate(aggregate).canonicalText) \(bound)"
      if !bounds.contains(text) { bounds.append(text) }
    }
    return bounds.isEmpty ? nil : bounds.joined(separator: "; ")
  }
}

extension AggregateFunction {
  /// So many different values are counted exactly.
  static let maxExactDistinct: Int64 = 512

  fileprivate var errorBound: String? {
    switch self {
    case .percentile: "within 1 %"
    case .distinct:
      "exact up to \(Self.maxExactDistinct), beyond that with a standard error of 1.6 %"
    case .top: "exact up to 256 values, beyond that counts are at most 1/256 of all too high"
    default: nil
    }
  }
}

extension StreamInfo.Field.Kind {
  fileprivate var value: ValueKind {
    switch self {
    case .number: .number
    case .text: .text
    case .boolean: .boolean
    case .mixed, .list: .mixed
    }
  }
}

extension ValueKind {
  /// The kind of what is one or the other; nil when they have nothing in common.
  func joined(_ other: ValueKind) -> ValueKind? {
    if self == other || other == .null { return self }
    if self == .null { return other }
    if isNumber && other.isNumber { return .number }
    if self == .mixed || other == .mixed { return .mixed }
    if self == .state || other == .state { return joinedState(other) }
    return nil
  }

  private func joinedState(_ other: ValueKind) -> ValueKind? {
    (self == .text || other == .text) ? .text : nil
  }
}
