import Testing

@testable import EventLog
@testable import Projections

/// Numbers of strings, and groups in order.
@Suite struct GroupOrderTests {
  /// A string has one number, whatever it is asked for after: in the order of before, in another, or for the first time.
  @Test func aStringHasOneNumber() {
    rounds(100) { random in
      let names = SortedNamesTests.groups(&random)
      var table = StringTable()
      var numbers: [[UInt8]: Int32] = [:]
      for _ in 0..<random.within(1...4) {
        let asked = random.oneIn(2) ? names.shuffled(using: &random) : names
        for name in asked.prefix(random.within(1...names.count)) {
          try checkEqual(table.known(name.rawSpan), numbers[name], "\(name) before it is asked for")
          let number = table.number(name.rawSpan)
          try checkEqual(number, numbers[name] ?? Int32(numbers.count), "the number of \(name)")
          numbers[name] = number
        }
      }
      try checkEqual(table.count, numbers.count, "strings")
      for (name, number) in numbers {
        try checkEqual(table.strings[Int(number)], name, "the string of \(number)")
      }
    }
  }

  /// Whether few groups are new among many, or most are.
  @Test func groupsAreInOrder() {
    rounds(100) { random in
      var names = Set((0..<random.within(1...12)).flatMap { _ in SortedNamesTests.groups(&random) })
      names.formUnion((0..<random.below(400)).map { Array("press-\($0 * 7_919 % 401)".utf8) })
      var groups = ByteStrings()
      var order = GroupOrder()
      for name in names.shuffled(using: &random) {
        groups.append(name)
        if random.oneIn(random.pick([2, 100])) { order.extend(to: groups) }
      }
      order.extend(to: groups)
      let sorted = order.numbers.map { groups[Int($0)] }
      try checkEqual(sorted, names.sorted { $0.lexicographicallyPrecedes($1) }, "the order")
      let ranks = order.numbers.map { Int(order.ranks[Int($0)]) }
      try checkEqual(ranks, Array(sorted.indices), "the places")
    }
  }
}
