import Bytes
import Model
import TestSupport
import Testing

@testable import Projections

@Suite struct MomentsTests {
  /// Cells in memory are bounded by their bytes, and most of a cell are its moments.
  @Test func aRowTakesFewBytes() {
    #expect(MemoryLayout<Moments>.stride == 104)
  }

  private static func number(_ random: inout SeededGenerator) -> ExactNumber {
    switch random.below(4) {
    case 0: return ExactNumber(Int64(bitPattern: random.word()))
    case 1: return ExactNumber(random.word())
    case 2: return ExactNumber(Double(Int64(bitPattern: random.word())) * 0x1p-70)
    default:
      return ExactNumber(
        mantissa: Int64(bitPattern: random.word()), scale: random.within(0...9), nearest: 0)
    }
  }

  /// A row of one number at a place.
  private static func row(_ kept: KeptNumber, _ place: FactPlace) -> Moments {
    var row = Moments()
    row.count = 1
    (row.min, row.max, row.first, row.last) = (kept.number, kept.number, kept, kept)
    (row.firstAt, row.lastAt) = (place, place)
    return row
  }

  /// What stands in parts is what was put there, and merges as the numbers and places themselves do.
  @Test func partsAreTheNumbers() {
    rounds(300) { random in
      var merged = MomentColumns(hasSquares: false)
      merged.appendRow()
      var (numbers, places): ([KeptNumber], [FactPlace]) = ([], [])
      for _ in 0..<random.within(1...8) {
        let kept = KeptNumber(Self.number(&random))
        let place = FactPlace(
          timeNs: Int64(bitPattern: random.word()), seq: random.word(),
          element: UInt32(truncatingIfNeeded: random.word()))
        numbers.append(kept)
        places.append(place)
        var one = MomentColumns(hasSquares: false)
        one.append(Self.row(kept, place), decimals: .zero, squares: .zero, nil)
        try checkEqual(one.rows[0].first, kept, "a number")
        try checkEqual(one.rows[0].min, kept.number, "the nearest to it")
        try checkEqual(one.rows[0].lastAt, place, "a place")
        merged.merge(0, of: one, into: 0)
      }
      let row = merged.rows[0]
      let firstAt = places.min() ?? .end
      let lastAt = places.max() ?? .start
      try checkEqual(row.min, numbers.map(\.number).min(), "the least")
      try checkEqual(row.max, numbers.map(\.number).max(), "the greatest")
      try checkEqual(row.firstAt, firstAt, "the first place")
      try checkEqual(row.lastAt, lastAt, "the last place")
      try checkEqual(row.first, places.firstIndex(of: firstAt).map { numbers[$0] }, "the first")
      try checkEqual(row.last, places.lastIndex(of: lastAt).map { numbers[$0] }, "the last")
    }
  }

  /// Sums that have no room in 128 bits are as exact as others, in whatever order they are merged, and stand on a page as
  /// what they are.
  @Test func sumsBeyond128Bits() {
    rounds(200) { random in
      let greatest = Int256(Int128.max)
      var parts: [Int256] = []
      var total = Int256.zero
      for _ in 0..<random.within(1...12) {
        var part = Int256(Int128(random.word()) << Int128(random.within(0...63)))
        if random.oneIn(3) { part = greatest }
        // One alone may have no room, as what was read.
        if random.oneIn(5) { part += greatest }
        if random.oneIn(3) { part = -part }
        parts.append(part)
        total += part
      }
      var columns: [MomentColumns] = []
      for seed in 0..<2 {
        let place = FactPlace(timeNs: 0, seq: 1, element: 0)
        var all = MomentColumns(hasSquares: false)
        all.appendRow()
        for part in seed == 0 ? parts : parts.shuffled(using: &random) {
          var one = MomentColumns(hasSquares: false)
          one.append(Self.row(.zero, place), decimals: part, squares: .zero, nil)
          if random.oneIn(2) {
            all.add(0..<1, of: one, to: [0])
          } else {
            all.merge(0, of: one, into: 0)
          }
        }
        try checkEqual(all.decimals(0), total, "the sum of \(parts)")
        columns.append(all)
      }
      var header = CellHeader()
      (header.facts, header.firstSeq, header.lastSeq) = (UInt64(parts.count), 1, 1)
      let page = PageRows(rows: [0], bucketNs: 0, headers: [header])
      let bytes = columns.map { all in
        var bytes: [UInt8] = []
        all.encode(page, counts: [header.facts], hasSquares: false, into: &bytes)
        return bytes
      }
      try checkEqual(bytes[0], bytes[1], "a page of the same sum")
      var read = MomentColumns(hasSquares: false)
      let one = bytes[0]
      var reader = ByteReader(one.rawSpan)
      let stored = try MomentPage(&reader, count: 1, hasSquares: false)
      try stored.append(page, .all, counts: [header.facts], in: one.rawSpan, to: &read)
      try checkEqual(read.decimals(0), total, "what was read")
    }
  }
}
