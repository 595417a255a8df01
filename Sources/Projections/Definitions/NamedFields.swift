import Bytes
import Language

extension Language.Predicate {
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

  /// Its regular expressions.
  var patterns: [Spanned<Text>] {
    switch self {
    case .matches(_, let pattern, _): [pattern]
    case .and(let left, let right), .or(let left, let right): left.patterns + right.patterns
    case .not(let inner): inner.patterns
    default: []
    }
  }
}

extension Language.Expression {
  private var aggregates: [Aggregate] {
    switch self {
    case .number, .integer: []
    case .aggregate(let aggregate): [aggregate]
    case .negate(let inner): inner.aggregates
    case .binary(_, let left, let right): left.aggregates + right.aggregates
    default: []
    }
  }

  /// The fields that it looks at, those of its filters among them.
  var fields: [FieldPath] {
    aggregates.flatMap { aggregate in
      (aggregate.argument.map { [$0] } ?? []) + (aggregate.filter?.fields ?? [])
    }
  }

  /// The regular expressions of its filters.
  var patterns: [Spanned<Text>] { aggregates.flatMap { $0.filter?.patterns ?? [] } }
}
