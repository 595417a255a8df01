import Bytes
import Checksum

/// Numbers byte strings from 0, in the order in which they are first asked for. An open-addressing hash table over bytes that
/// stand together, so that a lookup allocates nothing.
package struct StringTable: Sendable {
  package private(set) var strings = ByteStrings()
  private var hashes: [UInt64] = []
  /// Numbers by hash; -1 where free. A power of two of places, at most half of them taken.
  private var places = [Int32](repeating: -1, count: 64)
  /// The number after the one that was asked for last.
  private var next = 0

  package init() {}

  package var count: Int { strings.count }

  /// The number of a string; nil when it was never asked for. O(bytes of the string).
  package func known(_ string: RawSpan) -> Int32? {
    let number = places[place(of: string, checksum(string))]
    return number < 0 ? nil : number
  }

  /// O(bytes of the string). Strings that are asked for in the order of before are found without a look into the table.
  package mutating func number(_ string: RawSpan) -> Int32 {
    if next == strings.count { next = 0 }
    if next < strings.count, strings.bytes.rawSpan(strings.range(next)).isEqual(to: string) {
      next += 1
      return Int32(next - 1)
    }
    let hash = checksum(string)
    let place = place(of: string, hash)
    if places[place] >= 0 {
      next = Int(places[place]) + 1
      return places[place]
    }
    places[place] = Int32(strings.count)
    hashes.append(hash)
    strings.extend { $0.append(span: string) }
    strings.finishString()
    if 2 * strings.count > places.count { grow() }
    return Int32(strings.count - 1)
  }

  /// Where the number of a string stands, or is to stand.
  private func place(of string: RawSpan, _ hash: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
    while places[place] >= 0 {
      let number = Int(places[place])
      if hashes[number] == hash, strings.bytes.rawSpan(strings.range(number)).isEqual(to: string) {
        break
      }
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  /// About what it takes in memory. O(1).
  package var byteCount: Int {
    strings.bytes.capacity + 4 * strings.ends.capacity + 8 * hashes.capacity + 4 * places.capacity
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
