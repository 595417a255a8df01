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

  /// For each number its group's place in the order of groups. O(groups log groups).
  var ranks: [Int32] {
    var ranks = [Int32](repeating: 0, count: groups.count)
    let order = groups.indices.sorted {
      groups.bytes[groups.range($0)].lexicographicallyPrecedes(groups.bytes[groups.range($1)])
    }
    for (rank, number) in order.enumerated() { ranks[number] = Int32(rank) }
    return ranks
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
