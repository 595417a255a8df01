/// The most frequent keys of a stream, with bounds of their counts, in a fixed number of counters.
///
/// SpaceSaving (Metwally, Agrawal, El Abbadi: "Efficient computation of frequent and top-k elements
/// in data streams", 2005). With `total` the sum of all counts added and merged, any key of more
/// than `total / capacity` is listed, and each listed count is at most `total / capacity` too
/// great. While no more than `capacity` distinct keys were added, everything is exact.
///
/// Wholly deterministic: the counter given up is the one of the smallest count, and among those of
/// the greatest key, byte by byte.
public struct TopK: Sendable {
  struct Counter: Equatable, Sendable {
    var key: [UInt8]
    /// At least the key's true count.
    var count: UInt64
    /// At most so much of ``count`` may be other keys'.
    var error: UInt64

    /// Whether this counter is given up before `other` is.
    @inline(__always)
    func goes(before other: Counter) -> Bool {
      count != other.count
        ? count < other.count : other.key.lexicographicallyPrecedes(key)
    }
  }

  /// The most counters that a sketch can have.
  public static let maxCapacity = 1 << 20

  /// How many counters there are at most.
  public let capacity: Int
  /// In the order of arrival; a counter keeps its slot.
  private(set) var counters: [Counter] = []
  private var slots: [[UInt8]: Int] = [:]
  /// A binary heap of slots: a counter is given up before those below it.
  private var heap: [Int] = []
  /// Where in ``heap`` each slot is.
  private var positions: [Int] = []

  /// An empty sketch. Traps unless `capacity` is from 1 to ``maxCapacity``.
  public init(capacity: Int) {
    precondition((1...Self.maxCapacity).contains(capacity), "capacity out of range")
    self.capacity = capacity
  }

  /// How many keys are listed.
  public var count: Int { counters.count }

  /// About what it takes in memory beside itself. O(1).
  public var byteCount: Int {
    // Of each key the bytes with their header, twice a reference to them, and a place in a table of hashes.
    let key = 48 + 2 * 8 + 16
    return counters.capacity * (MemoryLayout<Counter>.stride + 16 + key)
  }

  /// A key that is not listed has at most this count: 0 until keys are given up.
  public var unlistedBound: UInt64 { count < capacity ? 0 : counters[heap[0]].count }

  /// Adds `count` occurrences of `key`; none when it is 0. O(log capacity), most often O(1) for a
  /// known key. Traps when a count exceeds 64 bits.
  public mutating func add(_ key: [UInt8], count: UInt64 = 1) {
    if count == 0 { return }
    if let slot = slots[key] {
      counters[slot].count += count
      siftDown(positions[slot])
    } else if counters.count < capacity {
      insert(Counter(key: key, count: count, error: 0))
    } else {
      let slot = heap[0]
      let bound = counters[slot].count
      slots[counters[slot].key] = nil
      slots[key] = slot
      counters[slot] = Counter(key: key, count: bound + count, error: bound)
      siftDown(0)
    }
  }

  /// Adds the counts of `other`, which must have the same capacity (traps otherwise). Commutative;
  /// the bounds hold for the sum of both totals. O(capacity log capacity).
  ///
  /// Agarwal et al.: "Mergeable Summaries" (2012), in the form of Cafaro, Pulimeno, Tempesta
  /// (2016): a key that only one side lists gets the other's ``unlistedBound`` as error, and the
  /// greatest counters stay.
  public mutating func merge(_ other: TopK) {
    precondition(capacity == other.capacity, "sketches of the same capacity can be merged")
    let (bound, otherBound) = (unlistedBound, other.unlistedBound)
    var merged: [Counter] = []
    for var counter in counters {
      let match = other.slots[counter.key].map { other.counters[$0] }
      counter.count += match?.count ?? otherBound
      counter.error += match?.error ?? otherBound
      merged.append(counter)
    }
    for var counter in other.counters where slots[counter.key] == nil {
      counter.count += bound
      counter.error += bound
      merged.append(counter)
    }
    merged.sort { $1.goes(before: $0) }
    replaceCounters(merged.prefix(capacity))
  }

  /// The `k` listed keys of the greatest counts, by falling count, then by ascending key. The true
  /// count is from `count - error` to `count`. O(capacity log capacity).
  public func top(_ k: Int) -> [(key: [UInt8], count: UInt64, error: UInt64)] {
    counters.sorted { $1.goes(before: $0) }.prefix(max(k, 0))
      .map { ($0.key, $0.count, $0.error) }
  }

  /// Takes `new` instead of all counters; their keys must be distinct.
  mutating func replaceCounters(_ new: some Collection<Counter>) {
    counters = []
    slots = [:]
    heap = []
    positions = []
    for counter in new { insert(counter) }
  }

  /// Gives a new key a slot of its own.
  private mutating func insert(_ counter: Counter) {
    slots[counter.key] = counters.count
    positions.append(heap.count)
    heap.append(counters.count)
    counters.append(counter)
    siftUp(heap.count - 1)
  }

  private mutating func siftUp(_ start: Int) {
    var position = start
    while position > 0 {
      let parent = (position - 1) / 2
      guard counters[heap[position]].goes(before: counters[heap[parent]]) else { return }
      swap(position, parent)
      position = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var position = start
    while true {
      var first = position
      for child in (2 * position + 1)...(2 * position + 2) where child < heap.count {
        if counters[heap[child]].goes(before: counters[heap[first]]) { first = child }
      }
      if first == position { return }
      swap(position, first)
      position = first
    }
  }

  private mutating func swap(_ one: Int, _ other: Int) {
    heap.swapAt(one, other)
    positions[heap[one]] = one
    positions[heap[other]] = other
  }
}

extension TopK: Equatable {
  /// Whether both list the same keys with the same counts and errors, in the same capacity.
  /// O(capacity).
  public static func == (one: TopK, other: TopK) -> Bool {
    one.capacity == other.capacity && one.count == other.count
      && one.counters.allSatisfy { counter in
        other.slots[counter.key].map { other.counters[$0] == counter } ?? false
      }
  }
}
