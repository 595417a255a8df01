import Bytes
import EventLog
import Language
import Model

/// What a predicate looks at: facts of a block, or groups.
protocol PredicateFields {
  var count: Int { get }
  func numbers(_ path: Text) throws -> FactNumbers
  func labels(_ path: Text) throws -> FactLabels
  /// One bit for each that has a value of any kind; empty when all have, nil when none has.
  func presence(_ path: Text) throws -> Presence
}

extension FactColumns: PredicateFields {}

/// For each fact of a block whether a predicate holds. SQL's three values: what is compared with nothing is
/// neither true nor false.
enum PredicateMask {
  /// True for the facts that the predicate holds for. O(facts x terms).
  static func evaluate(
    _ predicate: PredicateProgram, _ columns: some PredicateFields
  ) throws -> [Bool] {
    try truths(predicate, columns).map { $0 == .yes }
  }

  private static func truths(
    _ predicate: PredicateProgram, _ columns: some PredicateFields
  ) throws -> [Truth] {
    try Cancellation.check()
    switch predicate {
    case .constant(let value):
      return Array(repeating: value ? .yes : .no, count: columns.count)
    case .and(let left, let right):
      return zip(try truths(left, columns), try truths(right, columns)).map { $0.and($1) }
    case .or(let left, let right):
      return zip(try truths(left, columns), try truths(right, columns)).map { $0.or($1) }
    case .not(let inner): return negated(try truths(inner, columns), true)
    case .compare(let path, let comparison, let literal):
      return try compare(path, literal, columns) { comparison.holds($0) }
    case .between(let path, let low, let high, let isNegated):
      let above = try compare(path, low, columns) { $0 >= 0 }
      let below = try compare(path, high, columns) { $0 <= 0 }
      let both = zip(above, below).map { $0 == .yes ? $1 : $0 }
      return negated(both, isNegated)
    case .in(let path, let list, let isNegated):
      return negated(try contains(list, path, columns), isNegated)
    case .like(let path, let pattern, let isNegated):
      let like = try labels(path, columns) {
        try pattern.matches($0.rawSpan, Cancellation.check)
      }
      return negated(like, isNegated)
    case .matches(let path, let expression, let isNegated):
      let matching = try labels(path, columns) { expression.matches($0.rawSpan) }
      return negated(matching, isNegated)
    case .isNull(let path, let isNegated):
      let presence = try columns.presence(path)
      return (0..<columns.count).map { Truth(presence[$0] == isNegated) }
    }
  }

  /// Numbers are looked up among the list's numbers, the label of any value among its texts.
  private static func contains(
    _ list: LiteralSet, _ path: Text, _ columns: some PredicateFields
  ) throws -> [Truth] {
    if let parameter = list.unbound { throw KpiError("\(parameter.canonicalText) is not bound") }
    var found = [Truth](repeating: .unknown, count: columns.count)
    if !list.labels.isEmpty {
      found = try labels(path, columns) { list.labels.contains(Text(decoding: $0)) }
    }
    // What can be compared with one number can be with all.
    for literal in list.compared {
      try Cancellation.check()
      let equal = try compare(path, literal, columns) { $0 == 0 }
      for fact in found.indices where equal[fact] == .yes || found[fact] == .unknown {
        found[fact] = equal[fact]
      }
    }
    if list.numbers.isEmpty { return found }
    let numbers = try columns.numbers(path)
    for fact in found.indices where found[fact] == .no && numbers.presence[fact] {
      if list.numbers.contains(numbers.number(fact)) { found[fact] = .yes }
    }
    return found
  }

  private static func negated(_ truths: [Truth], _ isNegated: Bool) -> [Truth] {
    guard isNegated else { return truths }
    return truths.map(\.negated)
  }

  /// Numbers are compared with numbers, anything else as text, byte by byte. A quoted number is compared with numbers
  /// as a number, and with texts as a text.
  private static func compare(
    _ path: Text, _ literal: Literal, _ columns: some PredicateFields, _ holds: (Int) -> Bool
  ) throws -> [Truth] {
    switch literal {
    case .number(_, let text):
      let wanted = WantedNumber(text)
      let numbers = try columns.numbers(path)
      var truths = Self.compare(numbers, columns.count, wanted, holds)
      if try columns.presence(path) != numbers.presence {
        try compareTexts(path, wanted, columns, &truths, holds)
      }
      return truths
    case .string(let wanted):
      var truths = try labels(path, columns) { holds(order($0, Array(wanted.utf8))) }
      guard let number = Literal.number(in: wanted.string) else { return truths }
      let numeric = try compare(path, .number(number, text: wanted.string), columns, holds)
      for fact in truths.indices where numeric[fact] != .unknown { truths[fact] = numeric[fact] }
      return truths
    case .bool(let wanted):
      return try labels(path, columns) { holds(order($0, Array((wanted ? "true" : "false").utf8))) }
    case .parameter(let parameter):
      throw KpiError("\(parameter.canonicalText) is not bound")
    }
  }

  private static func compare(
    _ numbers: FactNumbers, _ count: Int, _ wanted: WantedNumber, _ holds: (Int) -> Bool
  ) -> [Truth] {
    let presence = numbers.presence
    guard numbers.numbers.isEmpty, let double = wanted.exactDouble else {
      return (0..<count).map { fact in
        guard presence[fact] else { return .unknown }
        return holds(wanted.order(of: numbers.number(fact))) ? .yes : .no
      }
    }
    return (0..<count).map { fact in
      guard presence[fact] else { return .unknown }
      let number = numbers.values[fact]
      return holds(number < double ? -1 : number == double ? 0 : 1) ? .yes : .no
    }
  }

  /// Integers that neither 64 bits nor a double give back are texts, their digits, and numbers all the same.
  private static func compareTexts(
    _ path: Text, _ wanted: WantedNumber, _ columns: some PredicateFields,
    _ truths: inout [Truth], _ holds: (Int) -> Bool
  ) throws {
    let labels = try columns.labels(path)
    if labels.codes.isEmpty { return }
    let names = labels.names.indices.map { name in
      wanted.order(ofDigits: labels.names.bytes[labels.names.range(name)]).map(holds)
    }
    if names.allSatisfy({ $0 == nil }) { return }
    for fact in truths.indices where truths[fact] == .unknown && labels.codes[fact] >= 0 {
      if let isTrue = names[Int(labels.codes[fact])] { truths[fact] = isTrue ? .yes : .no }
    }
  }

  private static func order(_ left: ArraySlice<UInt8>, _ right: [UInt8]) -> Int {
    if left.elementsEqual(right) { return 0 }
    return left.lexicographicallyPrecedes(right) ? -1 : 1
  }

  /// Decides once for each distinct text.
  private static func labels(
    _ path: Text, _ columns: some PredicateFields, _ holds: (ArraySlice<UInt8>) throws -> Bool
  ) throws -> [Truth] {
    let labels = try columns.labels(path)
    let truths = try labels.names.indices.map { name -> Truth in
      try Cancellation.check(at: name)
      return try holds(labels.names.bytes[labels.names.range(name)]) ? .yes : .no
    }
    if labels.codes.isEmpty { return Array(repeating: .unknown, count: columns.count) }
    return labels.codes.map { $0 < 0 ? .unknown : truths[Int($0)] }
  }
}
