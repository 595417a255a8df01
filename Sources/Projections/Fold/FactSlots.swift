import EventLog
import Model

/// Which cell each fact of a block belongs to. Cells are numbered in order of their first facts.
struct FactSlots {
  /// For each fact the number of its cell, or -1 when it is not part of the KPI.
  private(set) var slots: [Int32]
  /// The bucket's start of each cell.
  private(set) var buckets: [Int64] = []
  /// The group of each cell, as its place in `groups`.
  private(set) var groupOfCell: [Int32] = []
  /// The groups that occur.
  private(set) var groups: [[UInt8]] = []

  var count: Int { buckets.count }

  /// With more combinations than this, those that occur are numbered anew.
  private static let maxDomain = 1 << 20

  /// O(facts x dimensions).
  init(_ columns: FactColumns, _ kpi: CompiledKpi) throws {
    let mask = try kpi.definition.filter.map { try PredicateMask.evaluate($0, columns) }
    let (starts, bucketOfFact) = Self.buckets(columns.times, kpi.buckets)
    let dimensions = try kpi.dimensions.map { try columns.labels($0) }
    var groupOfFact = [Int64](repeating: 0, count: columns.count)
    var groupDomain = 1
    for labels in dimensions where !labels.codes.isEmpty {
      Self.combine(&groupOfFact, &groupDomain, labels.codes, labels.names.count)
    }
    var cellOfFact = groupOfFact
    var domain = groupDomain
    Self.combine(&cellOfFact, &domain, bucketOfFact, starts.count)

    var cells = [Int32](repeating: -1, count: domain)
    var places = [Int32](repeating: -1, count: groupDomain)
    slots = Array(repeating: -1, count: columns.count)
    for fact in slots.indices where mask?[fact] ?? true {
      let code = Int(cellOfFact[fact])
      if cells[code] < 0 {
        cells[code] = Int32(buckets.count)
        buckets.append(starts[Int(bucketOfFact[fact])])
        let group = Int(groupOfFact[fact])
        if places[group] < 0 {
          places[group] = Int32(groups.count)
          groups.append(Self.group(dimensions, fact))
        }
        groupOfCell.append(places[group])
      }
      slots[fact] = cells[code]
    }
  }

  /// The starts of the buckets that occur, and for each fact the place of its bucket's.
  private static func buckets(_ times: [Int64], _ buckets: Buckets) -> ([Int64], [Int64]) {
    var cursor = BucketCursor(buckets)
    var starts: [Int64] = []
    var places: [Int64: Int64] = [:]
    var (last, place): (Int64, Int64) = (0, -1)
    let placeOfFact = times.map { time in
      let start = cursor.start(of: time)
      if start != last || place < 0 {
        last = start
        place = places[start] ?? Int64(starts.count)
        if place == starts.count {
          starts.append(start)
          places[start] = place
        }
      }
      return place
    }
    return (starts, placeOfFact)
  }

  /// Makes one number of each fact's number so far and its code, which is at least -1 and less than `count`.
  private static func combine(
    _ numbers: inout [Int64], _ domain: inout Int, _ codes: [Int64], _ count: Int
  ) {
    let factor = Int64(count + 1)
    for fact in numbers.indices { numbers[fact] = numbers[fact] * factor + codes[fact] + 1 }
    domain *= Int(factor)
    guard domain > maxDomain else { return }
    var known: [Int64: Int64] = [:]
    for fact in numbers.indices {
      let next = Int64(known.count)
      let number = known[numbers[fact]] ?? next
      if number == next { known[numbers[fact]] = next }
      numbers[fact] = number
    }
    domain = max(known.count, 1)
  }

  private static func group(_ dimensions: [FactLabels], _ fact: Int) -> [UInt8] {
    var group: [UInt8] = []
    for labels in dimensions {
      let code = labels.codes.isEmpty ? -1 : labels.codes[fact]
      GroupKey.append(code < 0 ? nil : labels.names[Int(code)], to: &group)
    }
    return group
  }
}
