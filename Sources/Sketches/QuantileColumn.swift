import Bytes

/// Many ``QuantileSketch``es side by side, one a row: as fast to add to as an array of counters.
///
/// The counts of a row stand in a window of one array that all rows share: a counter for each
/// bucket from the lowest to the highest in use, since numbers of one kind have neighbouring
/// buckets. What lies too far from a row's window is kept apart, in a sketch of its own. How counts
/// are split between the two depends on the order of adding; what a row answers and how it is
/// written does not.
public struct QuantileColumn: Sendable {
  private struct Window {
    /// Where the counters begin.
    var offset = 0
    /// The bucket of the first counter.
    var base: Int32 = 0
    var width: Int32 = 0
    /// Values of the row, those kept apart among them.
    var count: UInt64 = 0
  }

  private var windows: [Window] = []
  private var counters: [UInt32] = []
  /// What is outside of its row's window, or too much for a counter.
  private var apart: [Int: QuantileSketch] = [:]

  /// Counters of a row at most: some 30 octaves of values.
  static let maxWidth: Int32 = 1_024
  /// Windows begin and end at multiples of this, so that they do not grow by each new bucket.
  private static let grain: Int32 = 16

  public init() {}

  /// The number of rows.
  public var count: Int { windows.count }

  /// Memory of the counters and windows.
  public var sizeBytes: Int {
    counters.count * 4 + windows.count * MemoryLayout<Window>.stride + apart.count * 256
  }

  /// Adds a row without values.
  public mutating func appendRow() { windows.append(Window()) }

  /// How many values row `row` has.
  public func valueCount(_ row: Int) -> UInt64 { windows[row].count }

  // MARK: Adding

  /// Adds a value to the bucket of each key. O(keys).
  public mutating func add(_ keys: Span<Int32>, to row: Int) {
    guard keys.count > 0 else { return }
    var (low, high) = (Int32.max, Int32.min)
    for index in keys.indices {
      low = min(low, keys[index])
      high = max(high, keys[index])
    }
    guard reserve(low...high, row, adding: UInt64(keys.count)) else {
      for index in keys.indices { addApart(keys[index], 1, row) }
      return
    }
    let window = windows[row]
    let start = window.offset - Int(window.base)
    var counters = counters.mutableSpan
    for index in keys.indices { counters[start + Int(keys[index])] += 1 }
    windows[row].count += UInt64(keys.count)
  }

  /// Adds the values of a row of `other`. O(buckets).
  public mutating func merge(_ otherRow: Int, of other: QuantileColumn, into row: Int) {
    if other.apart[otherRow] != nil {
      let whole = other.sketch(otherRow)
      for index in whole.keys.indices { add(whole.keys[index], whole.counts[index], to: row) }
      return
    }
    guard let range = other.range(otherRow) else { return }
    let added = other.windows[otherRow]
    guard reserve(range, row, adding: added.count) else {
      for key in range {
        let count = other.counters[added.offset + Int(key - added.base)]
        if count > 0 { add(key, UInt64(count), to: row) }
      }
      return
    }
    let target = windows[row].offset + Int(range.lowerBound - windows[row].base)
    let source = added.offset + Int(range.lowerBound - added.base)
    let addedCounters = other.counters.span
    var counters = counters.mutableSpan
    for index in 0..<range.count { counters[target + index] += addedCounters[source + index] }
    windows[row].count += added.count
  }

  /// Adds the values of another row. O(buckets).
  public mutating func mergeRow(_ other: Int, into row: Int) {
    guard apart[other] == nil, let range = range(other) else {
      let whole = sketch(other)
      for index in whole.keys.indices { add(whole.keys[index], whole.counts[index], to: row) }
      return
    }
    let added = windows[other]
    guard reserve(range, row, adding: added.count) else {
      for key in range {
        let count = self.counters[added.offset + Int(key - added.base)]
        if count > 0 { add(key, UInt64(count), to: row) }
      }
      return
    }
    addCounters(range, of: added, windows[row])
    windows[row].count += added.count
  }

  private mutating func addCounters(_ range: ClosedRange<Int32>, of added: Window, _ window: Window)
  {
    let target = window.offset + Int(range.lowerBound - window.base)
    let source = added.offset + Int(range.lowerBound - added.base)
    var counters = counters.mutableSpan
    for index in 0..<range.count { counters[target + index] += counters[source + index] }
  }

  /// Adds `count` values of one bucket.
  private mutating func add(_ key: Int32, _ count: UInt64, to row: Int) {
    guard reserve(key...key, row, adding: count) else { return addApart(key, count, row) }
    counters[windows[row].offset + Int(key - windows[row].base)] += UInt32(count)
    windows[row].count += count
  }

  private mutating func addApart(_ key: Int32, _ count: UInt64, _ row: Int) {
    apart[row, default: QuantileSketch()].add(keys: [key], counts: [count])
    windows[row].count += count
  }

  /// Makes the row's window hold `keys`; false when it cannot, or when a counter might overflow.
  private mutating func reserve(
    _ keys: ClosedRange<Int32>, _ row: Int, adding count: UInt64
  ) -> Bool {
    let window = windows[row]
    if window.count + count > UInt64(UInt32.max) { return false }
    let end = window.base + window.width
    if keys.lowerBound >= window.base, keys.upperBound < end { return true }
    var low = keys.lowerBound & ~(Self.grain - 1)
    var high = (keys.upperBound | (Self.grain - 1)) + 1
    if window.width > 0 {
      low = min(low, window.base)
      high = max(high, end)
      // With room to spare, so that a row that grows is not moved at each step.
      let spare = window.width / 2
      if high - low + spare <= Self.maxWidth {
        if low < window.base { low -= spare } else { high += spare }
      }
    }
    guard high - low <= Self.maxWidth else { return false }
    move(row, low..<high)
    return true
  }

  private mutating func move(_ row: Int, _ range: Range<Int32>) {
    let old = windows[row]
    let offset = counters.count
    counters.append(contentsOf: repeatElement(0, count: range.count))
    let target = offset + Int(old.base - range.lowerBound)
    for index in 0..<Int(old.width) { counters[target + index] = counters[old.offset + index] }
    windows[row].offset = offset
    windows[row].base = range.lowerBound
    windows[row].width = Int32(range.count)
  }

  // MARK: Reading

  /// The buckets in use in the window; nil when there are none.
  private func range(_ row: Int) -> ClosedRange<Int32>? {
    let window = windows[row]
    var (low, high) = (window.offset, window.offset + Int(window.width))
    let counters = counters.span
    while low < high, counters[low] == 0 { low += 1 }
    if low == high { return nil }
    while counters[high - 1] == 0 { high -= 1 }
    let first = window.base + Int32(low - window.offset)
    return first...first + Int32(high - low - 1)
  }

  /// The row as a sketch. O(buckets).
  public func sketch(_ row: Int) -> QuantileSketch {
    let window = windows[row]
    var keys: [Int32] = []
    var counts: [UInt64] = []
    for index in 0..<Int(window.width) where counters[window.offset + index] > 0 {
      keys.append(window.base + Int32(index))
      counts.append(UInt64(counters[window.offset + index]))
    }
    var sketch = apart[row] ?? QuantileSketch()
    sketch.add(keys: keys[...], counts: counts[...])
    return sketch
  }

  /// The `q`-quantile of a row, as ``QuantileSketch/quantile(_:)``. O(buckets from the nearer end).
  public func quantile(_ q: Double, _ row: Int) -> Double? {
    let window = windows[row]
    guard window.count > 0, q >= 0, q <= 1 else { return nil }
    if apart[row] != nil { return sketch(row).quantile(q) }
    let last = window.count - 1
    // Above 2^53 the product can round up past the last rank.
    let product = q * Double(last)
    let rank = product >= Double(last) ? last : UInt64(product)
    var index = 0
    let counters = counters.span
    if rank < window.count / 2 {
      var below: UInt64 = 0
      while true {
        below += UInt64(counters[window.offset + index])
        if below > rank { break }
        index += 1
      }
    } else {
      index = Int(window.width) - 1
      var above = last - rank
      while true {
        let here = UInt64(counters[window.offset + index])
        if here > above { break }
        above -= here
        index -= 1
      }
    }
    return LogBuckets.value(ofKey: window.base + Int32(index))
  }

  // MARK: Bytes

  /// Appends a row: a form and the buckets. Form 0 is that of ``QuantileSketch/encode(into:)``; 1
  /// and 2 are the first key (a signed varint), how many keys there are from it to the last (a
  /// varint), and a counter of so many bytes for each, which is chosen when it fits and takes at
  /// most 16 bytes more than four for each bucket in use. O(buckets).
  public func encode(_ row: Int, into output: inout [UInt8]) {
    guard apart[row] == nil, let range = range(row) else {
      return encodeSparse(row, into: &output)
    }
    let window = windows[row]
    let start = window.offset + Int(range.lowerBound - window.base)
    var used = 0
    var highest: UInt32 = 0
    let counters = counters.span
    for index in start..<start + range.count {
      if counters[index] > 0 { used += 1 }
      highest = max(highest, counters[index])
    }
    guard let form = Self.form(width: range.count, used: used, highest: UInt64(highest)) else {
      return encodeSparse(row, into: &output)
    }
    output.append(form)
    output.append(signedVarint: Int64(range.lowerBound))
    output.append(varint: UInt64(range.count))
    for index in start..<start + range.count {
      if form == 1 {
        output.append(UInt8(truncatingIfNeeded: counters[index]))
      } else {
        output.append(littleEndian: UInt16(truncatingIfNeeded: counters[index]))
      }
    }
  }

  private func encodeSparse(_ row: Int, into output: inout [UInt8]) {
    let sketch = sketch(row)
    if let first = sketch.keys.first, let last = sketch.keys.last,
      let highest = sketch.counts.max(),
      let form = Self.form(
        width: Int(last) - Int(first) + 1, used: sketch.keys.count, highest: highest)
    {
      // Kept apart, and yet near each other.
      return sketch.encodeDense(form, into: &output)
    }
    output.append(0)
    sketch.encode(into: &output)
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
    guard form > 0 else {
      let sketch = try QuantileSketch(&reader)
      appendRow()
      for index in sketch.keys.indices {
        add(sketch.keys[index], sketch.counts[index], to: count - 1)
      }
      return
    }
    let first = try reader.signedVarint()
    let width = try reader.count(limit: Int(Self.maxWidth))
    let limit = Int64(LogBuckets.maxFiniteKey)
    guard form <= 2, width > 0, first >= -limit, first <= limit - Int64(width) + 1 else {
      throw MalformedBytes(offset: reader.offset)
    }
    let start = try reader.advance(by: width * Int(form))
    var window = Window(offset: counters.count, base: Int32(first), width: Int32(width))
    counters.append(contentsOf: repeatElement(0, count: width))
    let bytes = reader.bytes
    var counters = counters.mutableSpan
    var total: UInt64 = 0
    for index in 0..<width {
      let counter =
        form == 1
        ? UInt32(bytes.byte(at: start + index))
        : UInt32(bytes.load(at: start + 2 * index, as: UInt16.self))
      counters[window.offset + index] = counter
      total += UInt64(counter)
    }
    guard total > 0 else { throw MalformedBytes(offset: reader.offset) }
    window.count = total
    windows.append(window)
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
