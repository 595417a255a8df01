import Language

extension Predicate {
  /// The same over the fields of a KPI's dimensions, which it may name as the KPI does.
  func named(by kpi: KpiInfo) -> Predicate {
    func path(_ field: FieldPath) -> FieldPath {
      guard let dimension = kpi.dimension(field.path) else { return field }
      return FieldPath(dimension.path.path, span: field.span)
    }
    return switch self {
    case .compare(let field, let comparison, let literal):
      .compare(path(field), comparison, literal)
    case .in(let field, let literals, let isNegated):
      .in(path(field), literals, isNegated: isNegated)
    case .between(let field, let low, let high, let isNegated):
      .between(path(field), low, high, isNegated: isNegated)
    case .like(let field, let pattern, let isNegated):
      .like(path(field), pattern: pattern, isNegated: isNegated)
    case .matches(let field, let pattern, let isNegated):
      .matches(path(field), pattern: pattern, isNegated: isNegated)
    case .isNull(let field, let isNegated): .isNull(path(field), isNegated: isNegated)
    case .and(let left, let right): .and(left.named(by: kpi), right.named(by: kpi))
    case .or(let left, let right): .or(left.named(by: kpi), right.named(by: kpi))
    case .not(let inner): .not(inner.named(by: kpi))
    case .constant: self
    }
  }
}
