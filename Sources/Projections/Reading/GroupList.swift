import Bytes

/// The groups of an answer, each with a code.
struct GroupList {
  private let dimensions: [String]
  private let wanted: [String: String?]
  private var known = GroupTable()
  /// The codes of the known groups.
  private var codes: [Int32] = []
  /// The group that comes next if buckets have the same groups one after the other, as they mostly do.
  private var next = 0
  /// The groups as bytes, and as labels.
  private(set) var bytes: [[UInt8]] = []
  private(set) var labels: [[String?]] = []
  /// Whether the key of a group may have its hash, so that keys do not sort as groups do.
  private(set) var hasHashed = false

  /// `wanted` picks groups by dimension: nil as a value is the absent one.
  init(_ dimensions: [String], _ wanted: [String: String?]) {
    self.dimensions = dimensions
    self.wanted = wanted
  }

  /// The code of a group, or -1 when it was not asked for.
  mutating func code(_ group: RawSpan) -> Int32 {
    if next < bytes.count {
      let expected = bytes[next]
      if expected.rawSpan.isEqual(to: group) {
        next += 1
        return Int32(next - 1)
      }
    }
    let number = Int(known.number(group))
    if number == codes.count { codes.append(add(group)) }
    let code = codes[number]
    next = Int(code) + 1
    return code
  }

  private mutating func add(_ group: RawSpan) -> Int32 {
    guard let names = GroupKey.labels(group, count: dimensions.count), isWanted(names) else {
      return -1
    }
    bytes.append([])
    bytes[bytes.count - 1].append(span: group)
    labels.append(names)
    if CellKey.isHashed(group: bytes[bytes.count - 1]) { hasHashed = true }
    return Int32(bytes.count - 1)
  }

  private func isWanted(_ names: [String?]) -> Bool {
    zip(dimensions, names).allSatisfy { dimension, name in
      guard let wanted = wanted[dimension] else { return true }
      return wanted == name
    }
  }

  /// The group, when all dimensions are given.
  var onlyGroup: [UInt8]? {
    guard wanted.count == dimensions.count else { return nil }
    var group: [UInt8] = []
    for dimension in dimensions {
      if let label = wanted[dimension] ?? nil {
        let bytes = Array(label.utf8)
        GroupKey.append(bytes.rawSpan, to: &group)
      } else {
        GroupKey.appendAbsent(to: &group)
      }
    }
    return group
  }

  /// For each code its group's place in the order of groups.
  var ranks: [Int] {
    var ranks = [Int](repeating: 0, count: bytes.count)
    let order = bytes.indices.sorted { bytes[$0].lexicographicallyPrecedes(bytes[$1]) }
    for (rank, code) in order.enumerated() { ranks[code] = rank }
    return ranks
  }
}
