import Bytes

/// Gives each distinct string of one column in one batch a code, in order of first appearance.
///
/// Open addressing over the batch's own bytes: no string is copied. Amortised O(length) a string.
struct StringDictionary {
  /// The first place of each distinct string in the batch: start in the high word, count in the low.
  private(set) var entries: [Int64] = []
  private var hashes: [UInt32] = []
  /// Entry number plus one; 0 is free.
  private var slots: [UInt32] = Array(repeating: 0, count: 64)

  /// The code of the string at `start`.
  @inline(__always)
  mutating func code(_ bytes: RawSpan, start: Int, count: Int) -> Int64 {
    let hash = UInt32(truncatingIfNeeded: IdHash.hash(bytes, start: start, count: count) >> 32)
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while true {
      let entry = Int(slots[slot])
      if entry == 0 { break }
      if hashes[entry - 1] == hash, isEntry(entry - 1, bytes, start, count) {
        return Int64(entry - 1)
      }
      slot = (slot + 1) & mask
    }
    entries.append(Int64(start) << 32 | Int64(count))
    hashes.append(hash)
    slots[slot] = UInt32(entries.count)
    if entries.count * 2 > slots.count { grow() }
    return Int64(entries.count - 1)
  }

  @inline(__always)
  private func isEntry(_ entry: Int, _ bytes: RawSpan, _ start: Int, _ count: Int) -> Bool {
    let known = entries[entry]
    guard known & 0xFFFF_FFFF == count else { return false }
    let other = Int(known >> 32)
    var offset = 0
    while offset + 8 <= count {
      if bytes.word(at: start + offset) != bytes.word(at: other + offset) { return false }
      offset += 8
    }
    if offset == count { return true }
    let mask = (1 as UInt64) << UInt64(8 * (count - offset)) - 1
    return (bytes.word(at: start + offset) ^ bytes.word(at: other + offset)) & mask == 0
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 4)
    let mask = slots.count - 1
    for (entry, hash) in hashes.enumerated() {
      var slot = Int(hash) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(entry + 1)
    }
  }
}
