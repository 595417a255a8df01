import EventLog
import Language
import Sketches

/// What one block adds to the cells of one KPI.
///
/// Floating-point sums depend on their order, so there is only one: within a block the facts of a cell in the order
/// of the log, and then the blocks in the order of the log. So it does not matter who folds a block, when, or how
/// many are folded side by side.
struct BlockFold: Sendable {
  /// The bucket's start of each cell, and the place of its group in `groups`.
  private(set) var buckets: [Int64]
  private(set) var groupOfCell: [Int32]
  private(set) var groups: [[UInt8]]
  private(set) var facts: [UInt64]
  private(set) var firstSeqs: [UInt64]
  private(set) var lastSeqs: [UInt64]
  /// For each measure of the plan the states of all cells.
  private(set) var measures: [MeasureFold] = []

  var count: Int { buckets.count }

  /// Nil when no fact of the block is part of the KPI. O(facts x measures).
  init?(_ columns: FactColumns, _ kpi: CompiledKpi) throws {
    let slots = try FactSlots(columns, kpi)
    guard slots.count > 0 else { return nil }
    buckets = slots.buckets
    groupOfCell = slots.groupOfCell
    groups = slots.groups
    facts = Array(repeating: 0, count: slots.count)
    firstSeqs = Array(repeating: 0, count: slots.count)
    lastSeqs = Array(repeating: 0, count: slots.count)
    var lastFacts = [Int32](repeating: 0, count: slots.count)
    var firstFacts = [Int32](repeating: -1, count: slots.count)
    for (fact, slot) in slots.slots.enumerated() where slot >= 0 {
      facts[Int(slot)] += 1
      if firstFacts[Int(slot)] < 0 { firstFacts[Int(slot)] = Int32(fact) }
      lastFacts[Int(slot)] = Int32(fact)
    }
    for slot in facts.indices {
      firstSeqs[slot] = columns.seq(Int(firstFacts[slot]))
      lastSeqs[slot] = columns.seq(Int(lastFacts[slot]))
    }
    for measure in kpi.plan.measures {
      measures.append(try MeasureFold(measure, columns, slots, facts))
    }
  }

  /// Adds cell `index` of the block to `cell`.
  func add(_ index: Int, to cell: inout Cell, _ plan: FoldPlan) {
    cell.facts += facts[index]
    cell.firstSeq = min(cell.firstSeq, firstSeqs[index])
    cell.lastSeq = max(cell.lastSeq, lastSeqs[index])
    for measure in measures.indices {
      measures[measure].add(index, to: &cell.measures[measure], plan.measures[measure].needs)
    }
  }
}

/// What a block adds to one measure of all its cells.
struct MeasureFold: Sendable {
  private var counts: [UInt64]
  private var moments: [Moments] = []
  /// Sketch entries of all cells, one cell after the other.
  private var keys: [Int32] = []
  private var keyCounts: [UInt64] = []
  private var keyEnds: [Int32] = []
  /// Distinct labels of each cell, by their places in `names`, with how often they occur.
  private var labelCodes: [Int32] = []
  private var labelCounts: [UInt64] = []
  private var labelEnds: [Int32] = []
  private var names: [[UInt8]] = []
  private var hashes: [UInt64] = []

  init(
    _ measure: FoldPlan.Measure, _ columns: FactColumns, _ slots: FactSlots, _ facts: [UInt64]
  ) throws {
    var places = slots.slots
    if let filter = measure.filter {
      let mask = try PredicateMask.evaluate(filter, columns)
      for fact in places.indices where !mask[fact] { places[fact] = -1 }
    }
    guard let path = measure.path else {
      counts = measure.filter == nil ? facts : Self.count(places, slots.count)
      return
    }
    Self.drop(absentFrom: try columns.facts.presence(path), &places)
    counts = Self.count(places, slots.count)
    if measure.needs.contains(.moments) {
      let numbers = try columns.numbers(path)
      var numeric = places
      Self.drop(absentFrom: numbers.presence, &numeric)
      foldMoments(numbers.values, columns.times, numeric, slots.count, measure.needs)
      if measure.needs.contains(.quantiles) {
        foldKeys(numbers.values.isEmpty ? [] : try columns.keys(path), numeric, slots.count)
      }
    }
    if !measure.needs.isDisjoint(with: [.distinct, .top]) {
      foldLabels(try columns.labels(path), places, slots.count)
      if measure.needs.contains(.distinct) { hashes = names.map(LabelHash.hash) }
    }
  }

  private static func drop(absentFrom presence: [UInt64]?, _ places: inout [Int32]) {
    guard let presence else {
      places = Array(repeating: -1, count: places.count)
      return
    }
    guard !presence.isEmpty else { return }
    for fact in places.indices where presence[fact >> 6] >> UInt64(fact & 63) & 1 == 0 {
      places[fact] = -1
    }
  }

  private static func count(_ places: [Int32], _ cellCount: Int) -> [UInt64] {
    var counts = [UInt64](repeating: 0, count: cellCount)
    for place in places where place >= 0 { counts[Int(place)] += 1 }
    return counts
  }

  private mutating func foldMoments(
    _ values: [Double], _ times: [Int64], _ places: [Int32], _ cellCount: Int,
    _ needs: FoldPlan.Needs
  ) {
    var cells = Array(repeating: Moments(), count: cellCount)
    var states = cells.mutableSpan
    for fact in values.indices {
      let place = Int(places[fact])
      if place >= 0 { states[place].add(values[fact], timeNs: times[fact]) }
    }
    if needs.contains(.variance) {
      let means = cells.map(\.mean)
      var states = cells.mutableSpan
      for fact in values.indices {
        let place = Int(places[fact])
        guard place >= 0 else { continue }
        let distance = values[fact] - means[place]
        states[place].deviations += distance * distance
      }
    }
    moments = cells
  }

  /// Counts how often each key occurs in each cell.
  private mutating func foldKeys(_ values: [Int32], _ places: [Int32], _ cellCount: Int) {
    var (low, high) = (Int32.max, Int32.min)
    for fact in values.indices where places[fact] >= 0 {
      low = min(low, values[fact])
      high = max(high, values[fact])
    }
    keyEnds = Array(repeating: 0, count: cellCount)
    guard low <= high else { return }
    let width = Int(high) - Int(low) + 1
    if cellCount * width <= max(Self.maxTableSize, 4 * values.count) {
      countKeys(values, places, cellCount, low, width)
    } else {
      sortKeys(values, places, cellCount)
    }
  }

  /// Counters of all keys of all cells at most; a table of them stays in the cache.
  private static let maxTableSize = 1 << 18

  /// Numbers of one kind have few keys: a counter for each.
  private mutating func countKeys(
    _ values: [Int32], _ places: [Int32], _ cellCount: Int, _ low: Int32, _ width: Int
  ) {
    var table = [UInt32](repeating: 0, count: cellCount * width)
    for fact in values.indices where places[fact] >= 0 {
      table[Int(places[fact]) * width + Int(values[fact] - low)] += 1
    }
    for cell in 0..<cellCount {
      for offset in 0..<width where table[cell * width + offset] > 0 {
        keys.append(low + Int32(offset))
        keyCounts.append(UInt64(table[cell * width + offset]))
      }
      keyEnds[cell] = Int32(keys.count)
    }
  }

  /// Sorts the pairs of cell and key, so that equal ones stand together.
  private mutating func sortKeys(_ values: [Int32], _ places: [Int32], _ cellCount: Int) {
    var pairs: [UInt64] = []
    pairs.reserveCapacity(values.count)
    for fact in values.indices where places[fact] >= 0 {
      pairs.append(UInt64(places[fact]) << 18 | UInt64(values[fact] + Self.keyOffset))
    }
    pairs.radixSort(bits: 18 + (Int.bitWidth - cellCount.leadingZeroBitCount))
    Self.forEachRun(pairs) { pair, count in
      keys.append(Int32(pair & 0x3FFFF) - Self.keyOffset)
      keyCounts.append(count)
      keyEnds[Int(pair >> 18)] = Int32(keys.count)
    }
    Self.closeGaps(&keyEnds)
  }

  /// Keys are signed and have 18 bits.
  private static let keyOffset: Int32 = 1 << 17

  private mutating func foldLabels(_ labels: FactLabels, _ places: [Int32], _ cellCount: Int) {
    var pairs: [UInt64] = []
    pairs.reserveCapacity(labels.codes.count)
    for fact in labels.codes.indices where places[fact] >= 0 && labels.codes[fact] >= 0 {
      pairs.append(UInt64(places[fact]) << 32 | UInt64(labels.codes[fact]))
    }
    pairs.radixSort(bits: 32 + (Int.bitWidth - cellCount.leadingZeroBitCount))
    labelEnds = Array(repeating: 0, count: cellCount)
    Self.forEachRun(pairs) { pair, count in
      labelCodes.append(Int32(truncatingIfNeeded: pair & 0xFFFF_FFFF))
      labelCounts.append(count)
      labelEnds[Int(pair >> 32)] = Int32(labelCodes.count)
    }
    Self.closeGaps(&labelEnds)
    names = labels.names
  }

  private static func forEachRun(_ sorted: [UInt64], _ body: (UInt64, UInt64) -> Void) {
    var start = 0
    while start < sorted.count {
      var end = start + 1
      while end < sorted.count, sorted[end] == sorted[start] { end += 1 }
      body(sorted[start], UInt64(end - start))
      start = end
    }
  }

  /// A cell without entries ends where the one before ends.
  private static func closeGaps(_ ends: inout [Int32]) {
    for index in ends.indices.dropFirst() where ends[index] == 0 { ends[index] = ends[index - 1] }
  }

  private static func range(_ index: Int, _ ends: [Int32]) -> Range<Int> {
    (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
  }

  /// Adds the states of cell `index` to `state`.
  func add(_ index: Int, to state: inout MeasureState, _ needs: FoldPlan.Needs) {
    state.count += counts[index]
    if !moments.isEmpty { state.moments.merge(moments[index]) }
    if !keyEnds.isEmpty {
      let range = Self.range(index, keyEnds)
      if !range.isEmpty { state.quantiles.add(keys: keys[range], counts: keyCounts[range]) }
    }
    guard !labelEnds.isEmpty else { return }
    for entry in Self.range(index, labelEnds) {
      let name = Int(labelCodes[entry])
      if needs.contains(.distinct) { state.distinct?.insert(hash: hashes[name]) }
      if needs.contains(.top) { state.top?.add(names[name], count: labelCounts[entry]) }
    }
  }
}

extension [UInt64] {
  /// Sorts by the low `bits` bits; higher ones have to be zero. O(count x bits / 11).
  mutating func radixSort(bits: Int) {
    guard count > 64 else { return sort() }
    var other = self
    var shift: UInt64 = 0
    while shift < UInt64(bits) {
      var starts = [Int](repeating: 0, count: 2_049)
      for value in self { starts[Int(value >> shift & 0x7FF) + 1] += 1 }
      for digit in 1...2_048 { starts[digit] += starts[digit - 1] }
      for value in self {
        let digit = Int(value >> shift & 0x7FF)
        other[starts[digit]] = value
        starts[digit] += 1
      }
      swap(&self, &other)
      shift += 11
    }
  }
}
