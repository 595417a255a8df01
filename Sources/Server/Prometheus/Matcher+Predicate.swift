import Bytes
import Language
import PromQL
import Query

extension KpiInfo {
  /// Whether a series of the KPI may be taken by matchers, as far as they are of labels that it does not have.
  func mayMatch(_ matchers: [Matcher]) -> Bool {
    matchers.allSatisfy { matcher in
      matcher.name == Labels.metricName || groupBy.contains(matcher.name) || matcher.acceptsAbsent
    }
  }

  /// The groups that matchers take, in the terms of the language, together with the KPI's own filter, so that cells of other
  /// groups are not read. `isExact` says whether it takes no others: cells know groups as texts, and cannot tell `1.0` from
  /// a number.
  func predicate(_ matchers: [Matcher]) -> (predicate: Predicate?, isExact: Bool) {
    var terms: [Predicate] = filter.map { [$0] } ?? []
    var isExact = true
    for matcher in matchers where matcher.name != Labels.metricName {
      guard let dimension = dimensions.first(where: { $0.name == matcher.name }) else { continue }
      guard let term = matcher.predicate(dimension.path) else {
        isExact = false
        continue
      }
      terms.append(term)
    }
    let all = terms.first.map { first in terms.dropFirst().reduce(first) { .and($0, $1) } }
    return (all, isExact)
  }
}

extension Matcher {
  /// Nil where the language has none that means the same for texts that look like numbers.
  fileprivate func predicate(_ path: FieldPath) -> Predicate? {
    let isAbsent = Predicate.isNull(path, isNegated: false)
    let isText = Predicate.compare(path, .eq, .string(value))
    switch comparison {
    case .equal:
      if value.isEmpty { return .or(isAbsent, isText) }
      return value.isPlainLabel ? isText : nil
    case .notEqual:
      let isOther = Predicate.compare(path, .ne, .string(value))
      if value.isEmpty { return .and(.isNull(path, isNegated: true), isOther) }
      return value.isPlainLabel ? .or(isAbsent, isOther) : nil
    case .matches, .matchesNot:
      let test = Predicate.matches(
        path, pattern: Spanned(Text(Self.anchored(value))), isNegated: comparison == .matchesNot)
      return acceptsAbsent ? .or(isAbsent, test) : test
    }
  }
}

extension Text {
  /// Whether no number has this text in another form, such as `1.0` for 1.
  fileprivate var isPlainLabel: Bool {
    Double(string) == nil || Int64(string).map { "\($0)" == string } ?? false
  }
}
