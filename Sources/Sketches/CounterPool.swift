import Bytes

/// Counters of many rows in one array, in windows of 1, 2 or 4 bytes a counter. What a window that was given back took is
/// used again for one of the same size.
struct CounterPool: Sendable {
  /// Counters of neighbouring buckets of one sign.
  struct Window: Sendable {
    /// Where the counters begin.
    fileprivate(set) var offset: UInt32 = 0
    /// The bucket of the first counter.
    fileprivate(set) var base: Int32 = 0
    /// Counters that there are.
    fileprivate(set) var width: UInt16 = 0
    /// Bytes of each: 1, 2 or 4.
    fileprivate(set) var size: UInt8 = 1

    var end: Int32 { base + Int32(width) }
    fileprivate var byteCount: Int { Int(width) * Int(size) }

    func contains(_ low: Int32, _ high: Int32) -> Bool { low >= base && high < end }

    /// Where the counter of a bucket is.
    @inline(__always)
    func place(_ key: Int32) -> Int { Int(offset) + Int(key &- base) * Int(size) }

    /// Where a counter is.
    @inline(__always)
    func place(index: Int) -> Int { Int(offset) + index * Int(size) }
  }

  /// Windows begin and end at multiples of so many buckets.
  static let grain: Int32 = 8

  private var bytes: [UInt8] = []
  /// Where windows were given back, by their bytes in units of the grain.
  private var free: [[UInt32]] = []

  /// What it takes in memory. O(1).
  var byteCount: Int { bytes.capacity + free.count * MemoryLayout<[UInt32]>.stride }

  /// A window of zeros for the buckets from `low` to `high`, and some more to either side.
  mutating func window(_ low: Int32, _ high: Int32, size: UInt8) -> Window {
    let base = low & ~(Self.grain - 1)
    var window = Window(base: base, width: UInt16((high | (Self.grain - 1)) + 1 - base), size: size)
    let units = window.byteCount / Int(Self.grain)
    if units < free.count, let offset = free[units].popLast() {
      window.offset = offset
      return window
    }
    precondition(bytes.count + window.byteCount <= Int(UInt32.max), "counters of more than 4 GiB")
    window.offset = UInt32(bytes.count)
    bytes.append(repeating: 0, count: window.byteCount)
    return window
  }

  private mutating func release(_ window: Window) {
    if window.width == 0 { return }
    bytes.withMutableSpan { target in
      for place in Int(window.offset)..<Int(window.offset) + window.byteCount { target[place] = 0 }
    }
    let units = window.byteCount / Int(Self.grain)
    while free.count <= units { free.append([]) }
    free[units].append(window.offset)
  }

  /// Makes a window hold the buckets from `low` to `high` as well. O(width).
  mutating func grow(_ window: inout Window, _ low: Int32, _ high: Int32) {
    if window.width == 0 {
      window = self.window(low, high, size: 1)
      return
    }
    let old = window
    window = self.window(min(low, old.base), max(high, old.end - 1), size: old.size)
    let (from, to) = (Int(old.offset), window.place(old.base))
    bytes.withMutableSpan { target in
      for index in 0..<old.byteCount { target[to + index] = target[from + index] }
    }
    release(old)
  }

  /// Makes the counters of a window twice as large. O(width).
  private mutating func widen(_ window: inout Window) {
    let old = window
    window = self.window(old.base, old.end - 1, size: 2 * old.size)
    for index in 0..<Int(old.width) { store(value(index, of: old), index, of: window) }
    release(old)
  }

  // MARK: Counters

  /// Counter `index` of a window.
  @inline(__always)
  func value(_ index: Int, of window: Window) -> UInt32 {
    let place = window.place(index: index)
    if window.size == 1 { return UInt32(bytes[place]) }
    let low = UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8
    if window.size == 2 { return low }
    return low | UInt32(bytes[place + 2]) << 16 | UInt32(bytes[place + 3]) << 24
  }

  /// The counter of a bucket of a window.
  @inline(__always)
  func value(of key: Int32, _ window: Window) -> UInt32 {
    value(Int(key - window.base), of: window)
  }

  private mutating func store(_ value: UInt32, _ index: Int, of window: Window) {
    let place = window.place(index: index)
    for byte in 0..<Int(window.size) {
      bytes[place + byte] = UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))
    }
  }

  /// Adds to a counter of a window, which is widened when it has to be. Traps beyond 32 bits.
  mutating func add(_ count: UInt32, to key: Int32, of window: inout Window) {
    let index = Int(key - window.base)
    let sum = value(index, of: window) + count
    while window.size < 4, sum >> UInt32(8 * window.size) > 0 { widen(&window) }
    store(sum, index, of: window)
  }

  /// Counts one value of each bucket, all of which the window has. O(keys).
  mutating func count(_ keys: Span<Int32>, of window: inout Window) {
    var next = 0
    while next < keys.count {
      let (first, known) = (next, window)
      // Whatever the size, of a counter but the lowest byte changes, unless that is full.
      next = bytes.withMutableSpan { counters in
        for index in first..<keys.count {
          let place = known.place(keys[index])
          if counters[place] == .max { return index }
          counters[place] += 1
        }
        return keys.count
      }
      if next < keys.count {
        add(1, to: keys[next], of: &window)
        next += 1
      }
    }
  }

  /// Adds the counters of the buckets `keys`, which both windows have, of one of `other`. O(keys).
  mutating func add(
    _ keys: Range<Int32>, of source: Window, in other: CounterPool, to window: inout Window
  ) {
    for key in keys {
      let count = other.value(of: key, source)
      if count > 0 { add(count, to: key, of: &window) }
    }
  }

  /// The same of another of its windows.
  mutating func add(_ keys: Range<Int32>, of source: Window, to window: inout Window) {
    for key in keys {
      let count = value(of: key, source)
      if count > 0 { add(count, to: key, of: &window) }
    }
  }

  /// Sets a counter of a window whose counters are large enough.
  mutating func set(_ value: UInt32, _ key: Int32, of window: Window) {
    store(value, Int(key - window.base), of: window)
  }

  /// The buckets from the first to the last whose counter is not zero. O(width).
  func used(_ window: Window) -> Range<Int32> {
    // A window has whole words, as its width is a multiple of the grain.
    let counters = bytes.rawSpan(Int(window.offset)..<Int(window.offset) + window.byteCount)
    var (low, high) = (0, window.byteCount)
    while low < high, counters.word(at: low) == 0 { low += 8 }
    if low == high { return window.base..<window.base }
    while counters.word(at: high - 8) == 0 { high -= 8 }
    low += counters.word(at: low).trailingZeroBitCount / 8
    high -= counters.word(at: high - 8).leadingZeroBitCount / 8
    let size = Int(window.size)
    return window.base + Int32(low / size)..<window.base + Int32((high + size - 1) / size)
  }

  /// Appends the counters of the buckets `keys`, which a window has. O(keys).
  func append(_ keys: Range<Int32>, of window: Window, to counters: inout [UInt32]) {
    if window.size == 1 {
      let places = window.place(keys.lowerBound)..<window.place(keys.upperBound)
      counters.append(contentsOf: bytes[places].lazy.map { UInt32($0) })
    } else {
      for key in keys { counters.append(value(of: key, window)) }
    }
  }
}
