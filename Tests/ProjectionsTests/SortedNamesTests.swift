import Model
import Testing

@testable import Projections

@Suite struct SortedNamesTests {
  /// Distinct groups in order, some of them with long beginnings in common.
  static func groups(_ random: inout SeededGenerator) -> [[UInt8]] {
    let common = String(
      repeating: "plant-frankfurt-hall-07-press-", count: random.pick([0, 1, 30]))
    let count = 1 + random.below(random.pick([1, 5, 60]))
    let groups = (0..<count).map { _ in
      GroupKey.bytes(
        (0..<random.within(1...2)).map { _ in
          switch random.below(5) {
          case 0: nil
          case 1: ""
          case 2: Text("\u{0}\(random.below(3))")
          default: Text(common + "\(random.below(500))")
          }
        })
    }
    return Set(groups + (random.oneIn(4) ? [[]] : [])).sorted { $0.lexicographicallyPrecedes($1) }
  }

  @Test func everyNameIsFound() {
    rounds(300) { random in
      let groups = Self.groups(&random)
      let others = Self.groups(&random)
      var names = ByteStrings()
      let order = groups.indices.shuffled(using: &random)
      for index in order { names.append(groups[index]) }
      let numbers = groups.indices.map { place in Int32(order.firstIndex(of: place) ?? 0) }
      var bytes: [UInt8] = [7]
      SortedNames.append(numbers[...], of: names, to: &bytes)
      var reader = ByteReader(bytes.rawSpan)
      try reader.advance(by: 1)
      let sorted = try SortedNames(&reader, count: groups.count)
      try check(reader.isAtEnd, "\(bytes.count - reader.offset) bytes are left")
      var found: [[UInt8]] = []
      try sorted.forEach(in: bytes.rawSpan) { index, name in
        try checkEqual(index, found.count, "the place")
        var copy: [UInt8] = []
        copy.append(span: name)
        found.append(copy)
      }
      try checkEqual(found, groups, "all names")
      for group in groups + others {
        try checkEqual(
          try sorted.find(group.rawSpan, in: bytes.rawSpan), groups.firstIndex(of: group),
          "the place of \(group)")
      }
    }
  }

  /// A separator is the shortest beginning that parts two groups.
  @Test func separatorsAreShort() {
    rounds(300) { random in
      let groups = Self.groups(&random)
      for (last, first) in zip(groups, groups.dropFirst()) {
        let separator = PageKey.separator(after: last.rawSpan, before: first.rawSpan)
        let shortest = (1...first.count).first { count in
          last.lexicographicallyPrecedes(first.prefix(count))
        }
        try checkEqual(
          separator, shortest.flatMap { $0 <= 499 ? Array(first.prefix($0)) : nil },
          "between \(last) and \(first)")
      }
    }
  }
}
