import Bytes

/// Finds the numbers of a dictionary's entries by their hashes. An open-addressing table; who asks compares the entries.
struct EntryTable {
  /// Numbers by hash; -1 where free. A power of two of places, at most half of them taken.
  private var places = [Int32](repeating: -1, count: 256)
  private var hashes: [UInt64] = []

  /// The number of the entry of this hash for which `isSame` holds; nil when there is none, and the place for it. O(1)
  /// where hashes are spread.
  @inline(__always)
  func find(_ hash: UInt64, _ isSame: (Int) -> Bool) -> (number: Int?, place: Int) {
    var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
    while places[place] >= 0 {
      let number = Int(places[place])
      if hashes[number] == hash, isSame(number) { return (number, place) }
      place = (place + 1) & (places.count - 1)
    }
    return (nil, place)
  }

  /// Gives the next number to an entry, at the place that was found for it. O(1), amortised.
  mutating func insert(_ hash: UInt64, at place: Int) -> Int {
    places[place] = Int32(hashes.count)
    hashes.append(hash)
    if 2 * hashes.count > places.count { grow() }
    return hashes.count - 1
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

/// The different integers, or bits of doubles, of a chunk.
struct WordDictionary {
  private var table = EntryTable()
  private(set) var entries: [Int64] = []

  /// The number of a value, which becomes an entry when it is new. O(1).
  @inline(__always)
  mutating func number(_ value: Int64) -> Int {
    // Multiplying spreads upwards, and the table looks at the lower bits (MurmurHash3's finalizer, Appleby).
    var hash = UInt64(bitPattern: value)
    hash ^= hash >> 33
    hash = hash &* 0xFF51_AFD7_ED55_8CCD
    hash ^= hash >> 33
    let (number, place) = table.find(hash) { entries[$0] == value }
    if let number { return number }
    entries.append(value)
    return table.insert(hash, at: place)
  }
}

/// The different strings of a chunk.
struct StringDictionary {
  private var table = EntryTable()
  private(set) var entries = ByteStrings()

  /// The number of a string, which becomes an entry when it is new. O(bytes).
  mutating func number(_ string: RawSpan) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var offset = 0
    // Words instead of the bytes of FNV-1a (Fowler, Noll, Vo), and a turn, so that high bits come down.
    while offset < string.byteCount {
      hash = (hash ^ string.word(at: offset)) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
      offset += 8
    }
    hash ^= UInt64(string.byteCount)
    let (number, place) = table.find(hash) {
      entries.bytes.rawSpan(entries.range($0)).isEqual(to: string)
    }
    if let number { return number }
    entries.extend { $0.append(span: string) }
    entries.finishString()
    return table.insert(hash, at: place)
  }
}
