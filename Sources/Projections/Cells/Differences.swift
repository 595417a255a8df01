import Bytes
import LMDB

/// Compares what two generations have in a table.
struct Differences {
  private let mine: Key
  private let others: Key
  private let releaseMemory: () -> Void

  init(mine: UInt32, others: UInt32, _ releaseMemory: @escaping () -> Void) {
    self.mine = Key().appending(mine)
    self.others = Key().appending(others)
    self.releaseMemory = releaseMemory
  }

  /// The keys after the generation whose rows differ, as texts. O(rows).
  func find(
    _ table: Table, _ transaction: borrowing ReadTransaction, _ describe: (RawSpan) -> String
  ) throws -> [String] {
    var here = try transaction.cursor(table)
    var there = try transaction.cursor(table)
    var isHere = try here.seek(atOrAfter: mine) && here.hasPrefix(mine)
    var isThere = try there.seek(atOrAfter: others) && there.hasPrefix(others)
    var found: [String] = []
    var compared = 0
    while isHere || isThere {
      compared += 1
      if compared % 4_096 == 0 { releaseMemory() }
      let order = !isHere ? 1 : !isThere ? -1 : Self.order(here.key, there.key)
      if order < 0 { found.append("\(describe(here.key)): only among the rebuilt") }
      if order > 0 { found.append("\(describe(there.key)): only among the live") }
      if order == 0, !Self.isSame(here.value, there.value) {
        found.append("\(describe(here.key)): differs")
      }
      if order <= 0 { isHere = try here.next() && here.hasPrefix(mine) }
      if order >= 0 { isThere = try there.next() && there.hasPrefix(others) }
    }
    return found
  }

  /// The order of two keys without their generations.
  private static func order(_ left: RawSpan, _ right: RawSpan) -> Int {
    let count = min(left.byteCount, right.byteCount)
    for index in 4..<max(count, 4) {
      let (a, b) = (left.load(at: index, as: UInt8.self), right.load(at: index, as: UInt8.self))
      if a != b { return a < b ? -1 : 1 }
    }
    return left.byteCount == right.byteCount ? 0 : left.byteCount < right.byteCount ? -1 : 1
  }

  /// Whether two rows are the same bits, but for the checksums, which cover the generations too.
  private static func isSame(_ left: RawSpan, _ right: RawSpan) -> Bool {
    if left.byteCount == 0 || right.byteCount == 0 { return left.byteCount == right.byteCount }
    return left.byteCount == right.byteCount && left.byteCount >= 8
      && left.isEqual(from: 0, to: right, from: 0, byteCount: left.byteCount - 8)
  }
}
