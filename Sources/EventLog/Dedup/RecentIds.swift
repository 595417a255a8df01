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
  /// Entry number plus one; 0 is free. Open addressing, at most half full.
  private var slots: [UInt32] = Array(repeating: 0, count: 1_024)

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
    var slot = Int(truncatingIfNeeded: entries[index].hash) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = UInt32(index + 1)
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    for index in entries.indices { place(index) }
  }

  /// The number of the first entry with this hash, from slot `slot` on; nil when there is none. `slot` moves
  /// on, so that a next call finds a next entry. Expected O(1).
  @inline(__always)
  func find(_ hash: UInt64, from slot: inout Int?) -> Int? {
    let mask = slots.count - 1
    var current = slot ?? Int(truncatingIfNeeded: hash) & mask
    while true {
      let index = Int(slots[current])
      if index == 0 { return nil }
      current = (current + 1) & mask
      if entries[index - 1].hash == hash {
        slot = current
        return index - 1
      }
    }
  }
}
