import Bytes

/// Many ``QuantileSketch``es side by side, one a row: as fast to add to as an array of counters.
///
/// The counts of a row stand in two windows of one array that all rows share, one for negative and
/// one for positive numbers: a counter for each bucket from the lowest to the highest in use, since
/// numbers of one kind have neighbouring buckets. What lies too far from a row's windows is kept
/// apart, in a sketch of its own. How counts are split between them depends on the order of adding;
/// what a row answers and how it is written does not.
public struct QuantileColumn: Sendable {
  /// Counters of neighbouring buckets of one sign.
  private struct Window {
    /// Where the counters begin.
    var offset = 0
    /// The bucket of the first counter.
    var base: Int32 = 0
    var width: Int32 = 0

    func contains(_ key: Int32) -> Bool { key >= base && key < base + width }

    /// Where the counter of a bucket is.
    func place(_ key: Int32) -> Int { offset + Int(key - base) }
  }

  /// Two for each row: of negative numbers and of positive ones.
  private var windows: [Window] = []
  private var zeros: [UInt64] = []
  /// Values of each row, those kept apart among them.
  private var totals: [UInt64] = []
  private var counters: [UInt32] = []
  /// What is outside of its row's windows, or too much for a counter.
  private var apart: [Int: QuantileSketch] = [:]

  /// Counters of a window at most: some 30 octaves of values.
  static let maxWidth: Int32 = 1_024
  /// Windows begin and end at multiples of this, so that they do not grow by each new bucket.
  private static let grain: Int32 = 16

  /// A column without rows.
  public init() {}

  /// The number of rows.
  public var count: Int { totals.count }

  /// Adds a row without values.
  public mutating func appendRow() {
    windows.append(Window())
    windows.append(Window())
    zeros.append(0)
    totals.append(0)
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
    if lowest > 0, reserve(lowest, highest, 2 * row + 1, row, UInt64(keys.count)) {
      let window = windows[2 * row + 1]
      var counters = counters.mutableSpan
      for index in keys.indices { counters[window.place(keys[index])] += 1 }
      totals[row] += UInt64(keys.count)
    } else {
      for index in keys.indices { add(keys[index], 1, to: row) }
    }
  }

  /// Adds `count` values of one bucket.
  private mutating func add(_ key: Int32, _ count: UInt64, to row: Int) {
    if key == 0 {
      zeros[row] += count
    } else {
      let window = 2 * row + (key > 0 ? 1 : 0)
      if reserve(key, key, window, row, count) {
        counters[windows[window].place(key)] += UInt32(count)
      } else {
        apart[row, default: QuantileSketch()].add(keys: [key], counts: [count])
      }
    }
    totals[row] += count
  }

  private mutating func add(_ sketch: QuantileSketch, to row: Int) {
    for index in sketch.keys.indices { add(sketch.keys[index], sketch.counts[index], to: row) }
  }

  /// Adds the values of a row of `other`. O(buckets).
  public mutating func merge(_ otherRow: Int, of other: QuantileColumn, into row: Int) {
    guard let ranges = other.ranges(otherRow), reserve(ranges, row, other.totals[otherRow])
    else { return add(other.sketch(otherRow), to: row) }
    for (sign, range) in ranges.enumerated() where range.low <= range.high {
      let target = windows[2 * row + sign].place(range.low)
      let first = other.windows[2 * otherRow + sign].place(range.low)
      let added = other.counters.span
      var counters = counters.mutableSpan
      for index in 0...Int(range.high - range.low) {
        counters[target + index] += added[first + index]
      }
    }
    zeros[row] += other.zeros[otherRow]
    totals[row] += other.totals[otherRow]
  }

  /// Adds the values of another of its rows. O(buckets).
  public mutating func mergeRow(_ otherRow: Int, into row: Int) {
    guard let ranges = ranges(otherRow), reserve(ranges, row, totals[otherRow])
    else { return add(sketch(otherRow), to: row) }
    for (sign, range) in ranges.enumerated() where range.low <= range.high {
      let target = windows[2 * row + sign].place(range.low)
      let first = windows[2 * otherRow + sign].place(range.low)
      var counters = counters.mutableSpan
      for index in 0...Int(range.high - range.low) {
        counters[target + index] += counters[first + index]
      }
    }
    zeros[row] += zeros[otherRow]
    totals[row] += totals[otherRow]
  }

  // MARK: Windows

  /// Buckets in use; none when `low` is above `high`.
  private typealias KeyRange = (low: Int32, high: Int32)

  private mutating func reserve(_ ranges: [KeyRange], _ row: Int, _ added: UInt64) -> Bool {
    for (sign, range) in ranges.enumerated() where range.low <= range.high {
      guard reserve(range.low, range.high, 2 * row + sign, row, added) else { return false }
    }
    return true
  }

  /// Makes a window of the row hold the keys from `low` to `high`; false when it cannot, or when a
  /// counter might overflow.
  @inline(__always)
  private mutating func reserve(
    _ low: Int32, _ high: Int32, _ index: Int, _ row: Int, _ added: UInt64
  ) -> Bool {
    if totals[row] + added > UInt64(UInt32.max) { return false }
    if windows[index].contains(low), windows[index].contains(high) { return true }
    return grow(index, low, high)
  }

  private mutating func grow(_ index: Int, _ lowest: Int32, _ highest: Int32) -> Bool {
    let old = windows[index]
    var low = lowest & ~(Self.grain - 1)
    var high = (highest | (Self.grain - 1)) + 1
    if old.width > 0 {
      low = min(low, old.base)
      high = max(high, old.base + old.width)
      // With room to spare, so that a row that grows is not moved at each step.
      let spare = old.width / 2
      if high - low + spare <= Self.maxWidth {
        if low < old.base { low -= spare } else { high += spare }
      }
    }
    guard high - low <= Self.maxWidth else { return false }
    let offset = counters.count
    counters.append(contentsOf: repeatElement(0, count: Int(high - low)))
    let target = offset + Int(old.base - low)
    for place in 0..<Int(old.width) { counters[target + place] = counters[old.offset + place] }
    windows[index] = Window(offset: offset, base: low, width: high - low)
    return true
  }

  // MARK: Reading

  /// The buckets in use in the windows of a row; nil when some values are apart. O(width).
  private func ranges(_ row: Int) -> [KeyRange]? {
    if !apart.isEmpty, apart[row] != nil { return nil }
    return [used(windows[2 * row]), used(windows[2 * row + 1])]
  }

  private func used(_ window: Window) -> KeyRange {
    var (low, high) = (window.offset, window.offset + Int(window.width))
    let counters = counters.span
    while low < high, counters[low] == 0 { low += 1 }
    while low < high, counters[high - 1] == 0 { high -= 1 }
    let first = window.base + Int32(low - window.offset)
    return (first, first + Int32(high - low) - 1)
  }

  /// The row as a sketch. O(width).
  public func sketch(_ row: Int) -> QuantileSketch {
    var keys: [Int32] = []
    var counts: [UInt64] = []
    func append(_ window: Window) {
      for index in 0..<Int(window.width) where counters[window.offset + index] > 0 {
        keys.append(window.base + Int32(index))
        counts.append(UInt64(counters[window.offset + index]))
      }
    }
    append(windows[2 * row])
    if zeros[row] > 0 {
      keys.append(0)
      counts.append(zeros[row])
    }
    append(windows[2 * row + 1])
    var sketch = apart[row] ?? QuantileSketch()
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
    if let key = find(&above, windows[2 * row + 1]) { return LogBuckets.value(ofKey: key) }
    if above < zeros[row] { return 0 }
    above -= zeros[row]
    return find(&above, windows[2 * row]).map { LogBuckets.value(ofKey: $0) }
  }

  /// The bucket of the value that has `above` others of the window above it; else takes those of
  /// the window off `above`.
  private func find(_ above: inout UInt64, _ window: Window) -> Int32? {
    let counters = counters.span
    var index = Int(window.width) - 1
    while index >= 0 {
      let here = UInt64(counters[window.offset + index])
      if here > above { return window.base + Int32(index) }
      above -= here
      index -= 1
    }
    return nil
  }

  // MARK: Bytes

  /// Appends a row: a form and the buckets. Form 0 is that of ``QuantileSketch/encode(into:)``; 1
  /// and 2 are the first key (a signed varint), how many keys there are from it to the last (a
  /// varint), and a counter of so many bytes for each, which is chosen when all are of one sign and
  /// fit, and take at most 16 bytes more than four for each bucket in use. O(width).
  public func encode(_ row: Int, into output: inout [UInt8]) {
    if zeros[row] == 0, let ranges = ranges(row), ranges[0].low > ranges[0].high,
      ranges[1].low <= ranges[1].high
    {
      let start = windows[2 * row + 1].place(ranges[1].low)
      let width = Int(ranges[1].high - ranges[1].low) + 1
      if let form = form(start, width) {
        return encode(form, ranges[1].low, start, width, into: &output)
      }
    }
    let sketch = sketch(row)
    if let form = Self.form(sketch) { return sketch.encodeDense(form, into: &output) }
    output.append(0)
    sketch.encode(into: &output)
  }

  private func encode(
    _ form: UInt8, _ first: Int32, _ start: Int, _ width: Int, into output: inout [UInt8]
  ) {
    output.append(form)
    output.append(signedVarint: Int64(first))
    output.append(varint: UInt64(width))
    let counters = counters.span
    for index in start..<start + width {
      output.append(UInt8(truncatingIfNeeded: counters[index]))
      if form == 2 { output.append(UInt8(truncatingIfNeeded: counters[index] >> 8)) }
    }
  }

  private func form(_ start: Int, _ width: Int) -> UInt8? {
    var used = 0
    var highest: UInt32 = 0
    let counters = counters.span
    for index in start..<start + width {
      used += counters[index] > 0 ? 1 : 0
      highest = max(highest, counters[index])
    }
    return Self.form(width: width, used: used, highest: UInt64(highest))
  }

  private static func form(_ sketch: QuantileSketch) -> UInt8? {
    guard let first = sketch.keys.first, let last = sketch.keys.last, first > 0 || last < 0
    else { return nil }
    return form(
      width: Int(last) - Int(first) + 1, used: sketch.keys.count,
      highest: sketch.counts.max() ?? 0)
  }

  /// Bytes of a counter, when counters are the form to choose.
  private static func form(width: Int, used: Int, highest: UInt64) -> UInt8? {
    guard width <= Int(maxWidth), highest <= UInt64(UInt16.max) else { return nil }
    let form = highest <= UInt64(UInt8.max) ? 1 : 2
    return width * form <= 4 * used + 16 ? UInt8(form) : nil
  }

  /// Adds a row from what `encode` wrote. O(buckets).
  public mutating func appendRow(_ reader: inout ByteReader) throws(MalformedBytes) {
    let form = try reader.integer(UInt8.self)
    appendRow()
    guard form > 0 else { return add(try QuantileSketch(&reader), to: count - 1) }
    let first = try reader.signedVarint()
    let width = try reader.count(limit: Int(Self.maxWidth))
    let limit = Int64(LogBuckets.maxFiniteKey)
    let last = first + Int64(width) - 1
    guard form <= 2, width > 0, first >= -limit, last <= limit, first > 0 || last < 0 else {
      throw MalformedBytes(offset: reader.offset)
    }
    let start = try reader.advance(by: width * Int(form))
    let window = Window(offset: counters.count, base: Int32(first), width: Int32(width))
    windows[windows.count - (first > 0 ? 1 : 2)] = window
    let total = append(counters: width, bytes: Int(form), of: reader.bytes, from: start)
    guard total > 0 else { throw MalformedBytes(offset: reader.offset) }
    totals[count - 1] = total
  }

  /// Passes over what `encode` wrote.
  public static func skipRow(_ reader: inout ByteReader) throws(MalformedBytes) {
    let form = try reader.integer(UInt8.self)
    guard form > 0 else {
      _ = try QuantileSketch(&reader)
      return
    }
    _ = try reader.signedVarint()
    let width = try reader.count(limit: Int(maxWidth))
    try reader.advance(by: width * Int(form))
  }

  /// Appends counters; gives their sum.
  private mutating func append(
    counters width: Int, bytes: Int, of span: RawSpan, from start: Int
  ) -> UInt64 {
    let offset = counters.count
    counters.append(contentsOf: repeatElement(0, count: width))
    var counters = counters.mutableSpan
    var total: UInt64 = 0
    for index in 0..<width {
      let counter =
        bytes == 1
        ? UInt32(span.byte(at: start + index))
        : UInt32(span.load(at: start + 2 * index, as: UInt16.self))
      counters[offset + index] = counter
      total += UInt64(counter)
    }
    return total
  }
}

extension QuantileSketch {
  /// The form of ``QuantileColumn`` with counters of `form` bytes.
  fileprivate func encodeDense(_ form: UInt8, into output: inout [UInt8]) {
    guard let first = keys.first, let last = keys.last else { return }
    output.append(form)
    output.append(signedVarint: Int64(first))
    output.append(varint: UInt64(last - first + 1))
    var index = 0
    for key in first...last {
      let count = keys[index] == key ? counts[index] : 0
      if count > 0 { index += 1 }
      output.append(UInt8(truncatingIfNeeded: count))
      if form == 2 { output.append(UInt8(truncatingIfNeeded: count >> 8)) }
    }
  }
}
