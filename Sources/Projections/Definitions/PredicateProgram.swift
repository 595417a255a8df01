import Bytes
import Language
import Model
import RE2

/// A predicate, ready to be evaluated many times: its patterns are compiled, and its lists are sets.
indirect enum PredicateProgram: Sendable {
  case constant(Bool)
  case and(PredicateProgram, PredicateProgram)
  case or(PredicateProgram, PredicateProgram)
  case not(PredicateProgram)
  case compare(Text, Comparison, Literal)
  case between(Text, Literal, Literal, isNegated: Bool)
  case `in`(Text, LiteralSet, isNegated: Bool)
  case like(Text, LikePattern, isNegated: Bool)
  case matches(Text, RegularExpression, isNegated: Bool)
  case isNull(Text, isNegated: Bool)

  /// Throws ``RegularExpression/Refusal``.
  init(_ predicate: Predicate) throws {
    switch predicate {
    case .constant(let value): self = .constant(value)
    case .and(let left, let right):
      self = .and(try PredicateProgram(left), try PredicateProgram(right))
    case .or(let left, let right):
      self = .or(try PredicateProgram(left), try PredicateProgram(right))
    case .not(let inner): self = .not(try PredicateProgram(inner))
    case .compare(let field, let comparison, let literal):
      self = .compare(field.path, comparison, literal)
    case .between(let field, let low, let high, let isNegated):
      self = .between(field.path, low, high, isNegated: isNegated)
    case .in(let field, let literals, let isNegated):
      self = .in(field.path, LiteralSet(literals), isNegated: isNegated)
    case .like(let field, let pattern, let isNegated):
      self = .like(field.path, LikePattern(pattern), isNegated: isNegated)
    case .matches(let field, let pattern, let isNegated):
      let expression = try RegularExpression(pattern.value.string)
      self = .matches(field.path, expression, isNegated: isNegated)
    case .isNull(let field, let isNegated): self = .isNull(field.path, isNegated: isNegated)
    }
  }
}

/// A predicate over facts, ready to be evaluated, and known by its text.
struct FactFilter: Sendable {
  let program: PredicateProgram
  /// The same for predicates that are the same, byte by byte.
  let text: Text

  /// Throws ``RegularExpression/Refusal``.
  init(_ predicate: Predicate) throws {
    (program, text) = (try PredicateProgram(predicate), Text(predicate.canonicalText))
  }
}

/// The values of an IN list. A value is looked up in O(1), however long the list is.
struct LiteralSet: Sendable {
  /// Texts and truths, as labels are.
  private(set) var labels: Set<Text> = []
  /// Numbers, those in quotes among them.
  private(set) var numbers: Set<Number> = []
  /// What has to be compared with each value: one of the numbers, which tells what values there are, and those that
  /// are beyond 64 bits.
  private(set) var compared: [Literal] = []
  /// What is not bound, which cannot be looked up.
  private(set) var unbound: Parameter?

  init(_ literals: [Literal]) {
    for literal in literals {
      switch literal {
      case .number(_, let text): add(literal, text)
      case .string(let text):
        labels.insert(text)
        if let number = Literal.number(in: text.string) {
          add(.number(number, text: text.string), text.string)
        }
      case .bool(let value): labels.insert(value ? "true" : "false")
      case .parameter(let parameter): unbound = parameter
      }
    }
  }

  private mutating func add(_ literal: Literal, _ text: String) {
    guard case .number(let number)? = DecimalValue(text) else { return compared.append(literal) }
    if numbers.isEmpty { compared.append(literal) }
    numbers.insert(number)
  }
}
