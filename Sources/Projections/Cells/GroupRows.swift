/// The rows of a bucket's groups, found by the groups' numbers: in an array by number where the bucket has a good part of all
/// groups, else in a table of hashes. So a bucket of few groups takes little however many others have.
struct GroupRows {
  /// The group's number of each row.
  private(set) var groups: [Int32] = []
  /// Rows, -1 where there is none: by number, or where hashes of numbers lead to.
  private var slots: [Int32] = []
  private var isByNumber = true
  private var greatest: Int32 = -1

  /// An array by number has at most so many slots for each row.
  private static let slotsPerRow = 8
  /// Up to so many slots are an array by number whatever their rows.
  private static let alwaysByNumber = 256

  var capacity: Int { groups.capacity + slots.capacity }

  /// The row of a group; nil when it has none. O(1).
  @inline(__always)
  func row(_ group: Int32) -> Int? {
    if isByNumber {
      guard Int(group) < slots.count, slots[Int(group)] >= 0 else { return nil }
      return Int(slots[Int(group)])
    }
    let row = slots[slot(group)]
    return row < 0 ? nil : Int(row)
  }

  /// Gives a group, which has none, the next row. Amortised O(1).
  mutating func append(_ group: Int32) {
    let row = Int32(groups.count)
    groups.append(group)
    greatest = max(greatest, group)
    if isByNumber {
      if Int(group) >= slots.count { grow() }
    } else if 2 * groups.count > slots.count {
      grow()
    }
    let slot = isByNumber ? Int(group) : slot(group)
    precondition(slots[slot] < 0 || slots[slot] == row, "a group gets a second row")
    slots[slot] = row
  }

  /// The slot that a group has, or would get: there is always a free one.
  private func slot(_ group: Int32) -> Int {
    let mask = slots.count - 1
    // The upper half of a product with the golden ratio (Knuth, The Art of Computer Programming 3, 6.4).
    let product = UInt64(UInt32(bitPattern: group)) &* 0x9E37_79B9_7F4A_7C15
    var slot = Int(product >> 32) & mask
    while slots[slot] >= 0, groups[Int(slots[slot])] != group { slot = (slot + 1) & mask }
    return slot
  }

  /// Makes room for the group that was appended last, in the form that takes less. O(rows), and O(greatest number) for an
  /// array by number.
  private mutating func grow() {
    let needed = Int(greatest) + 1
    if needed <= max(Self.alwaysByNumber, Self.slotsPerRow * groups.count) {
      if isByNumber {
        slots.append(repeating: -1, count: needed - slots.count)
        return
      }
      isByNumber = true
      slots = Array(repeating: -1, count: needed)
      for row in groups.indices { slots[Int(groups[row])] = Int32(row) }
      return
    }
    isByNumber = false
    var count = 16
    while count < 4 * groups.count { count *= 2 }
    slots = Array(repeating: -1, count: count)
    for row in groups.indices { slots[slot(groups[row])] = Int32(row) }
  }
}
