import Bytes

/// Many ``QuantileSketch``es side by side, one a row: as fast to add to as an array of counters.
///
/// The counts of a row stand in two windows, one for negative and one for positive numbers: a counter
/// for each bucket from the lowest to the highest in use, since numbers of one kind have neighbouring
/// buckets. Counters are bytes until one needs more. What lies too far from a row's windows is kept
/// apart, in a sketch of its own. How counts are split between them depends on the order of adding;
/// what a row answers and how it is written does not.
public struct QuantileColumn: Sendable {
  typealias Window = CounterPool.Window

  /// Those of positive numbers.
  private var positive: [Window] = []
  /// Those of negative numbers; empty while no row has any.
  private var negative: [Window] = []
  /// Empty while there are none.
  private var zeros: [UInt64] = []
  /// Values of each row, those kept apart among them.
  private var totals: [UInt64] = []
  private var pool = CounterPool()
  /// What is outside of its row's windows, or too much for a counter.
  private var apart: [Int: QuantileSketch] = [:]

  /// Counters of a window at most: some 30 octaves of values.
  static let maxWidth: Int32 = 1_024

  /// A column without rows.
  public init() {}

  /// The number of rows.
  public var count: Int { totals.count }

  /// About what it takes in memory. O(1), and O(rows that are kept apart).
  public var byteCount: Int {
    let windows = positive.capacity + negative.capacity
    let sketches = apart.isEmpty ? 0 : apart.values.reduce(0) { $0 + 64 + 12 * $1.keys.count }
    return windows * MemoryLayout<Window>.stride + 8 * (zeros.capacity + totals.capacity)
      + pool.byteCount + sketches
  }

  /// Adds a row without values.
  public mutating func appendRow() { appendRows(1) }

  /// Adds rows without values. O(rows).
  public mutating func appendRows(_ count: Int) {
    positive.append(repeating: Window(), count: count)
    if !negative.isEmpty { negative.append(repeating: Window(), count: count) }
    if !zeros.isEmpty { zeros.append(repeating: 0, count: count) }
    totals.append(repeating: 0, count: count)
  }

  /// How many values row `row` has.
  public func valueCount(_ row: Int) -> UInt64 { totals[row] }

  // MARK: Adding

  /// Adds a value to the bucket of each key. O(keys).
  public mutating func add(_ keys: Span<Int32>, to row: Int) {
    var (lowest, highest) = (Int32.max, Int32.min)
    for index in keys.indices {
      lowest = min(lowest, keys[index])
      highest = max(highest, keys[index])
    }
    guard lowest <= highest else { return }
    if lowest > 0, reserve(lowest, highest, row, UInt64(keys.count)) {
      pool.count(keys, of: &positive[row])
      totals[row] += UInt64(keys.count)
    } else {
      for index in keys.indices { add(keys[index], 1, to: row) }
    }
  }

  /// Adds `count` values of one bucket.
  private mutating func add(_ key: Int32, _ count: UInt64, to row: Int) {
    if key == 0 {
      addZeros(count, to: row)
    } else if reserve(key, key, row, count) {
      if key > 0 {
        pool.add(UInt32(count), to: key, of: &positive[row])
      } else {
        pool.add(UInt32(count), to: key, of: &negative[row])
      }
    } else {
      apart[row, default: QuantileSketch()].add(keys: [key], counts: [count])
    }
    totals[row] += count
  }

  mutating func add(_ sketch: QuantileSketch, to row: Int) {
    for index in sketch.keys.indices { add(sketch.keys[index], sketch.counts[index], to: row) }
  }

  private mutating func addZeros(_ count: UInt64, to row: Int) {
    if count == 0 { return }
    if zeros.isEmpty { zeros = Array(repeating: 0, count: self.count) }
    zeros[row] += count
  }

  /// Adds the values of a row of `other`. O(buckets).
  public mutating func merge(_ otherRow: Int, of other: QuantileColumn, into row: Int) {
    guard let used = other.used(otherRow), reserve(used, row, other.totals[otherRow])
    else { return add(other.sketch(otherRow), to: row) }
    if !used.positive.isEmpty {
      pool.add(used.positive, of: other.positive[otherRow], in: other.pool, to: &positive[row])
    }
    if !used.negative.isEmpty {
      pool.add(used.negative, of: other.negative[otherRow], in: other.pool, to: &negative[row])
    }
    addZeros(other.zeros(otherRow), to: row)
    totals[row] += other.totals[otherRow]
  }

  /// Adds the values of another of its rows. O(buckets).
  public mutating func mergeRow(_ otherRow: Int, into row: Int) {
    // What is read must not move while it is written.
    guard row != otherRow, let used = used(otherRow), reserve(used, row, totals[otherRow])
    else { return add(sketch(otherRow), to: row) }
    if !used.positive.isEmpty {
      pool.add(used.positive, of: positive[otherRow], to: &positive[row])
    }
    if !used.negative.isEmpty {
      pool.add(used.negative, of: negative[otherRow], to: &negative[row])
    }
    addZeros(zeros(otherRow), to: row)
    totals[row] += totals[otherRow]
  }

  // MARK: Windows

  /// Buckets of each sign from the first to the last in use.
  private typealias Used = (positive: Range<Int32>, negative: Range<Int32>)

  /// Those of the windows of a row; nil when some values are apart. O(width).
  private func used(_ row: Int) -> Used? {
    if !apart.isEmpty, apart[row] != nil { return nil }
    return (pool.used(positive[row]), pool.used(negative(row)))
  }

  private mutating func reserve(_ used: Used, _ row: Int, _ added: UInt64) -> Bool {
    for range in [used.positive, used.negative] where !range.isEmpty {
      guard reserve(range.lowerBound, range.upperBound - 1, row, added) else { return false }
    }
    return true
  }

  /// Makes a window of the row hold the keys from `low` to `high`, which have one sign; false when it cannot, or when a
  /// counter might overflow.
  @inline(__always)
  private mutating func reserve(
    _ low: Int32, _ high: Int32, _ row: Int, _ added: UInt64
  ) -> Bool {
    if totals[row] + added > UInt64(UInt32.max) { return false }
    if low > 0 {
      if positive[row].contains(low, high) { return true }
      guard Self.canGrow(positive[row], low, high) else { return false }
      pool.grow(&positive[row], low, high)
    } else {
      if negative.isEmpty { negative = Array(repeating: Window(), count: count) }
      if negative[row].contains(low, high) { return true }
      guard Self.canGrow(negative[row], low, high) else { return false }
      pool.grow(&negative[row], low, high)
    }
    return true
  }

  private static func canGrow(_ window: Window, _ low: Int32, _ high: Int32) -> Bool {
    var (low, high) = (low, high)
    if window.width > 0 { (low, high) = (min(low, window.base), max(high, window.end - 1)) }
    // With what the grain may add.
    return high - low <= maxWidth - 2 * CounterPool.grain
  }

  // MARK: Reading

  private func zeros(_ row: Int) -> UInt64 { zeros.isEmpty ? 0 : zeros[row] }
  private func negative(_ row: Int) -> Window { negative.isEmpty ? Window() : negative[row] }

  /// The row as a sketch. O(width).
  public func sketch(_ row: Int) -> QuantileSketch {
    var keys: [Int32] = []
    var counts: [UInt64] = []
    func append(_ window: Window) {
      for index in 0..<Int(window.width) {
        let count = pool.value(index, of: window)
        if count == 0 { continue }
        keys.append(window.base + Int32(index))
        counts.append(UInt64(count))
      }
    }
    append(negative(row))
    if zeros(row) > 0 {
      keys.append(0)
      counts.append(zeros(row))
    }
    append(positive[row])
    var sketch = apart.isEmpty ? QuantileSketch() : apart[row] ?? QuantileSketch()
    sketch.add(keys: keys[...], counts: counts[...])
    return sketch
  }

  /// A quantile of a row, as ``QuantileSketch/quantile(_:)``. O(width).
  public func quantile(_ share: Share, _ row: Int) -> Double? {
    let total = totals[row]
    guard total > 0 else { return nil }
    if !apart.isEmpty, let sketch = apart[row], sketch.count > 0 {
      return self.sketch(row).quantile(share)
    }
    // From the top down, since high percentiles are asked for most.
    var above = total - 1 - share.rank(of: total)
    if let key = find(&above, positive[row]) { return LogBuckets.value(ofKey: key) }
    if above < zeros(row) { return 0 }
    above -= zeros(row)
    return find(&above, negative(row)).map { LogBuckets.value(ofKey: $0) }
  }

  /// The bucket of the value that has `above` others of the window above it; else takes those of
  /// the window off `above`.
  private func find(_ above: inout UInt64, _ window: Window) -> Int32? {
    var index = Int(window.width) - 1
    while index >= 0 {
      let here = UInt64(pool.value(index, of: window))
      if here > above { return window.base + Int32(index) }
      above -= here
      index -= 1
    }
    return nil
  }

  /// Counters of the row's buckets from the first to the last in use, if all numbers have one sign and these are not too
  /// many; gives the first bucket. O(width).
  func dense(_ row: Int, into counters: inout [UInt32]) -> Int32? {
    counters.removeAll(keepingCapacity: true)
    if zeros(row) > 0 || totals[row] > UInt64(UInt32.max) { return nil }
    guard let used = used(row) else { return dense(sketch(row), into: &counters) }
    guard used.positive.isEmpty != used.negative.isEmpty else { return nil }
    let (window, range) =
      used.negative.isEmpty ? (positive[row], used.positive) : (negative(row), used.negative)
    pool.append(range, of: window, to: &counters)
    return range.lowerBound
  }

  private func dense(_ sketch: QuantileSketch, into counters: inout [UInt32]) -> Int32? {
    guard let first = sketch.keys.first, let last = sketch.keys.last, first > 0 || last < 0,
      last - first < Self.maxWidth
    else { return nil }
    counters.append(contentsOf: repeatElement(0, count: Int(last - first) + 1))
    for (key, count) in zip(sketch.keys, sketch.counts) {
      counters[Int(key - first)] = UInt32(count)
    }
    return first
  }

  /// Adds a row whose counters, of `size` bytes at most, `next` gives one after the other, from that of bucket `first` on.
  mutating func appendRow(
    first: Int32, width: Int, size: UInt8, _ next: () throws(MalformedBytes) -> UInt32
  ) throws(MalformedBytes) {
    appendRow()
    let window = pool.window(first, first + Int32(width) - 1, size: size)
    var total: UInt64 = 0
    for index in 0..<width {
      let counter = try next()
      if counter > 0 { pool.set(counter, first + Int32(index), of: window) }
      total += UInt64(counter)
    }
    totals[count - 1] = total
    if first > 0 {
      positive[count - 1] = window
    } else {
      if negative.isEmpty { negative = Array(repeating: Window(), count: count) }
      negative[count - 1] = window
    }
  }
}
