/// A dedup id as the index keeps it: its hash, the event that has it, and when that event was.
struct IdEntry: Equatable {
  var hash: UInt64
  var seq: UInt64
  /// The event's time partition; see ``DedupIndex``.
  var partition: Int64
}

/// The ids of a stream's latest events, in memory until enough have come together to be written as sorted
/// runs. After a crash they are read again from the log.
struct RecentIds {
  private(set) var entries: [IdEntry] = []
  /// Open addressing, at most half full: the entry's number plus one in the low half, 0 when free, and the
  /// hash's high half, so that an unknown id is decided on without touching the entries.
  private var slots: [UInt64]

  /// Makes room for `capacity` ids.
  init(capacity: Int = 0) {
    entries.reserveCapacity(capacity)
    var count = 1_024
    while count < 2 * capacity { count *= 2 }
    slots = Array(repeating: 0, count: count)
  }

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }

  /// Adds an id. Amortised O(1).
  @inline(__always)
  mutating func insert(_ entry: IdEntry) {
    entries.append(entry)
    if entries.count * 2 > slots.count { grow() } else { place(entries.count - 1) }
  }

  @inline(__always)
  private mutating func place(_ index: Int) {
    let mask = slots.count - 1
    let hash = entries[index].hash
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = hash & Self.tagMask | UInt64(index + 1)
  }

  private static var tagMask: UInt64 { 0xFFFF_FFFF_0000_0000 }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    for index in entries.indices { place(index) }
  }

  /// Forgets all entries but the first `count`. O(slots).
  mutating func removeAll(after count: Int) {
    entries.removeLast(entries.count - count)
    slots = Array(repeating: 0, count: slots.count)
    for index in entries.indices { place(index) }
  }

  /// Brings the slots of all hashes into the cache: the loads do not wait for each other, as those of `find`
  /// between the decisions on one id after the other would. Gives something that depends on all of them.
  func touch(_ hashes: [UInt64]) -> UInt64 {
    let mask = slots.count - 1
    var sum: UInt64 = 0
    for hash in hashes { sum |= slots[Int(truncatingIfNeeded: hash) & mask] }
    return sum
  }

  /// Whether some entry may have this hash: half of the hash and more is compared. Expected O(1).
  @inline(__always)
  func contains(_ hash: UInt64) -> Bool {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let known = slots[slot]
      if known == 0 { return false }
      if (known ^ hash) & Self.tagMask == 0 { return true }
      slot = (slot + 1) & mask
    }
  }

  /// The number of the first entry with this hash, from slot `slot` on; nil when there is none. `slot` moves
  /// on, so that a next call finds a next entry. Expected O(1).
  @inline(__always)
  func find(_ hash: UInt64, from slot: inout Int?) -> Int? {
    let mask = slots.count - 1
    let tag = hash & Self.tagMask
    var current = slot ?? Int(truncatingIfNeeded: hash) & mask
    while true {
      let known = slots[current]
      if known == 0 { return nil }
      current = (current + 1) & mask
      if known & Self.tagMask == tag {
        let index = Int(known & ~Self.tagMask) - 1
        if entries[index].hash == hash {
          slot = current
          return index
        }
      }
    }
  }
}
