import EventLog
import Model

/// Which cell each fact of a block belongs to. Cells are numbered in order of their first facts.
struct FactSlots {
  /// For each fact the place of its cell in `buckets` and `groups`, or -1 when it is not part of the KPI.
  private(set) var slots: [Int32]
  /// The bucket's start of each cell.
  private(set) var buckets: [Int64] = []
  /// The group of each cell.
  private(set) var groups: [[UInt8]] = []

  var count: Int { buckets.count }

  /// With more combinations of bucket and labels than this, those that occur are numbered anew.
  private static let maxDomain = 1 << 20

  /// O(facts x dimensions).
  init(_ columns: FactColumns, _ kpi: CompiledKpi) throws {
    let mask = try kpi.definition.filter.map { try PredicateMask.evaluate($0, columns) }
    let (starts, bucketOfFact) = Self.buckets(columns.times, kpi.buckets)
    let dimensions = try kpi.dimensions.map { try columns.labels($0) }
    var codes = bucketOfFact
    var domain = max(starts.count, 1)
    for labels in dimensions where !labels.codes.isEmpty {
      Self.combine(&codes, &domain, labels)
    }
    var table = [Int32](repeating: -1, count: domain)
    slots = Array(repeating: -1, count: columns.count)
    for fact in slots.indices where mask?[fact] ?? true {
      let code = Int(codes[fact])
      if table[code] < 0 {
        table[code] = Int32(buckets.count)
        buckets.append(starts[Int(bucketOfFact[fact])])
        groups.append(Self.group(dimensions, fact))
      }
      slots[fact] = table[code]
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

  /// Makes one number of each fact's number so far and its label.
  private static func combine(_ codes: inout [Int64], _ domain: inout Int, _ labels: FactLabels) {
    let factor = Int64(labels.names.count + 1)
    if domain * Int(factor) <= maxDomain {
      for fact in codes.indices { codes[fact] = codes[fact] * factor + labels.codes[fact] + 1 }
      domain *= Int(factor)
      return
    }
    var numbers: [Int64: Int64] = [:]
    for fact in codes.indices {
      let code = codes[fact] * factor + labels.codes[fact] + 1
      let number = numbers[code] ?? Int64(numbers.count)
      numbers[code] = number
      codes[fact] = number
    }
    domain = max(numbers.count, 1)
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
