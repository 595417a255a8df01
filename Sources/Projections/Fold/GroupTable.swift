import Bytes
import Checksum

/// Numbers groups from 0, in the order in which they are first asked for. An open-addressing hash table over bytes that
/// stand together, so that a lookup allocates nothing.
struct GroupTable: Sendable {
  private(set) var groups = ByteStrings()
  private var hashes: [UInt64] = []
  /// Numbers by hash; -1 where free. A power of two of places, at most half of them taken.
  private var places = [Int32](repeating: -1, count: 64)

  var count: Int { groups.count }

  /// The number of a group; nil when it was never asked for. O(bytes of the group).
  func known(_ group: RawSpan) -> Int32? {
    let number = places[place(of: group, checksum(group))]
    return number < 0 ? nil : number
  }

  /// O(bytes of the group).
  mutating func number(_ group: RawSpan) -> Int32 {
    let hash = checksum(group)
    let place = place(of: group, hash)
    if places[place] >= 0 { return places[place] }
    places[place] = Int32(groups.count)
    hashes.append(hash)
    groups.extend { $0.append(span: group) }
    groups.finishString()
    if 2 * groups.count > places.count { grow() }
    return Int32(groups.count - 1)
  }

  /// Where the number of a group stands, or is to stand.
  private func place(of group: RawSpan, _ hash: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
    while places[place] >= 0 {
      let number = Int(places[place])
      if hashes[number] == hash, groups.bytes.rawSpan(groups.range(number)).isEqual(to: group) {
        break
      }
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  /// About what it takes in memory. O(1).
  var byteCount: Int {
    groups.bytes.capacity + 4 * groups.ends.capacity + 8 * hashes.capacity + 4 * places.capacity
  }

  private mutating func grow() {
    places = Array(repeating: -1, count: 2 * places.count)
    for (number, hash) in hashes.enumerated() {
      var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
      while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
      places[place] = Int32(number)
    }
  }
}

/// Groups in order: by bytes, a group before what it begins.
struct GroupOrder: Sendable {
  /// Their numbers.
  private(set) var numbers: [Int32] = []
  /// For each number its place.
  private(set) var ranks: [Int32] = []

  /// About what it takes in memory. O(1).
  var byteCount: Int { 4 * (numbers.capacity + ranks.capacity) }

  /// Puts those of `groups` in their places that are new. O(groups + new ones log new ones), and O(1) when there are none.
  mutating func extend(to groups: ByteStrings) {
    if numbers.count == groups.count { return }
    let bytes = groups.bytes.rawSpan
    func isBefore(_ one: Int32, _ other: Int32) -> Bool {
      let (left, right) = (groups.range(Int(one)), groups.range(Int(other)))
      return bytes.extracting(left).precedes(bytes.extracting(right))
    }
    let added = (Int32(numbers.count)..<Int32(groups.count)).sorted(by: isBefore)
    var merged: [Int32] = []
    merged.reserveCapacity(groups.count)
    var next = 0
    for number in added {
      // Where it belongs is found by halving: there may be few new ones among many.
      var (low, high) = (next, numbers.count)
      while low < high {
        let middle = (low + high) / 2
        if isBefore(numbers[middle], number) { low = middle + 1 } else { high = middle }
      }
      merged.append(contentsOf: numbers[next..<low])
      merged.append(number)
      next = low
    }
    merged.append(contentsOf: numbers[next...])
    numbers = merged
    ranks = Array(repeating: 0, count: numbers.count)
    for (rank, number) in numbers.enumerated() { ranks[Int(number)] = Int32(rank) }
  }
}
