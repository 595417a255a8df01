import Bytes
import RE2

/// A condition on one label of a series. An absent label is the empty text.
public struct Matcher: Sendable {
  /// How the value is compared; the raw value is how it is written.
  public enum Comparison: String, Sendable {
    case equal = "="
    case notEqual = "!="
    case matches = "=~"
    case matchesNot = "!~"
  }

  public let name: Text
  public let comparison: Comparison
  public let value: Text
  private let expression: RegularExpression?

  /// Throws what RE2 says of a regular expression that is none. O(pattern).
  public init(
    _ name: Text, _ comparison: Comparison, _ value: Text
  ) throws(RegularExpression.Refusal) {
    (self.name, self.comparison, self.value) = (name, comparison, value)
    switch comparison {
    case .equal, .notEqual: expression = nil
    case .matches, .matchesNot: expression = try RegularExpression(Self.anchored(value))
    }
  }

  /// The metric of this name.
  public init(metric: Text) {
    (name, comparison, value, expression) = (Labels.metricName, .equal, metric, nil)
  }

  /// The pattern as one that has to match all of a text, in which a dot is any character.
  public static func anchored(_ pattern: Text) -> String { "^(?s:\(pattern.string))$" }

  /// Whether a label may have this value. O(bytes).
  public func accepts(_ text: Text) -> Bool {
    switch comparison {
    case .equal: text == value
    case .notEqual: text != value
    case .matches: expression?.matches(text.rawSpan) ?? false
    case .matchesNot: !(expression?.matches(text.rawSpan) ?? true)
    }
  }

  /// Whether a series without the label is taken.
  public var acceptsAbsent: Bool { accepts("") }
}

extension Matcher: Equatable {
  public static func == (left: Matcher, right: Matcher) -> Bool {
    (left.name, left.comparison, left.value) == (right.name, right.comparison, right.value)
  }
}

extension Sequence<Matcher> {
  /// Whether a series with these labels is taken by all of them.
  public func accept(_ labels: Labels) -> Bool { allSatisfy { $0.accepts(labels[$0.name]) } }
}
