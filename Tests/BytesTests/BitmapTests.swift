import Testing

@testable import Bytes

/// Bits for rows, and the presence of values that they tell.
@Suite struct BitmapTests {
  @Test func marksRows() {
    var rows = Bitmap(rowCount: 130)
    #expect(rows.words.count == 3 && rows.first == nil)
    for row in [129, 64, 63] { rows.insert(row) }
    #expect((0..<130).filter { rows[$0] } == [63, 64, 129])
    #expect(rows.first == 63)
    #expect(rows.words == [1 << 63, 1, 2])
    rows.reserve(row: 192)
    #expect(rows.capacity == 256 && !rows[192])
  }

  @Test func rowsOfARangeAreCounted() {
    var rows = Bitmap(rowCount: 200)
    for row in stride(from: 0, to: 200, by: 3) { rows.insert(row) }
    for start in 0..<200 {
      for end in start...200 {
        let wanted = (start..<end).count { $0 % 3 == 0 }
        if rows.count(in: start..<end) != wanted { Issue.record("\(start)..<\(end)") }
      }
    }
    #expect(Presence.all.count(in: 5..<9) == 4 && Presence.none.count(in: 5..<9) == 0)
    #expect(Presence.some(rows).count(in: 63..<130) == 23)
  }

  @Test func nothingAndAllAreToldApart() {
    var even = Bitmap(rowCount: 4)
    for row in [0, 2] { even.insert(row) }
    var last = Bitmap(rowCount: 4)
    last.insert(3)
    #expect((0..<4).map { Presence.some(even)[$0] } == [true, false, true, false])
    #expect(Presence.all[3] && !Presence.none[3])
    var rows: [Int] = []
    for presence in [Presence.some(even), .all, .none] {
      presence.forEachRow(below: 2) { rows.append($0) }
    }
    #expect(rows == [0, 0, 1])
    #expect(Presence.union(of: []) == .none)
    #expect(Presence.union(of: [.none, .some(even)]) == .some(even))
    #expect(Presence.union(of: [.some(even), .all]) == .all)
    #expect(Presence.union(of: [.some(even), .some(last)]) == .some(Bitmap(words: [0b1101])))
  }
}
