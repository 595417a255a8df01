import Testing

@testable import Projections

@Suite struct GroupRowsTests {
  /// Rows are those of a dictionary, whatever numbers groups have and however many there are.
  @Test func rowsAreFound() {
    rounds(200) { random in
      let most = random.pick([10, 300, 5_000, 2_000_000])
      var (rows, wanted) = (GroupRows(), [Int32: Int]())
      for _ in 0..<random.below(2_000) {
        let group = Int32(random.below(most))
        try checkEqual(rows.row(group), wanted[group], "row of \(group)")
        if wanted[group] == nil {
          wanted[group] = wanted.count
          rows.append(group)
        }
      }
      for (group, row) in wanted {
        try checkEqual(rows.row(group), row, "row of \(group) at the end")
        try checkEqual(rows.groups[row], group, "group of row \(row)")
      }
      try checkEqual(rows.row(Int32(most)), nil, "a group without a row")
    }
  }

  /// What a bucket takes goes by its own groups, not by all there are.
  @Test func aFewOfManyTakeLittle() {
    var few = GroupRows()
    for group in stride(from: Int32(0), to: 1_000_000, by: 100_000) { few.append(group) }
    #expect(few.capacity < 200)
    var all = GroupRows()
    for group in (0..<Int32(100_000)).reversed() { all.append(group) }
    #expect(all.capacity < 500_000)
    #expect((0..<Int32(100_000)).allSatisfy { all.row($0) == 99_999 - Int($0) })
  }
}
