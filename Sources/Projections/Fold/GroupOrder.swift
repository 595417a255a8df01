import Bytes

/// Groups in order: by bytes, a group before what it begins.
struct GroupOrder: Sendable {
  /// Their numbers.
  private(set) var numbers: [Int32] = []
  /// For each number its place.
  private(set) var ranks: [Int32] = []

  /// About what it takes in memory. O(1).
  var byteCount: Int { 4 * (numbers.capacity + ranks.capacity) }

  /// New groups are looked for among the others when there are so many of these for each.
  private static let fewShare = 32

  /// Puts those of `groups` in their places that are new. O(groups + new ones log new ones), and O(1) when there are none.
  mutating func extend(to groups: ByteStrings) {
    if numbers.count == groups.count { return }
    let added = groups.count - numbers.count
    if added * Self.fewShare > groups.count {
      numbers = Self.sorted(0..<Int32(groups.count), of: groups)
    } else {
      insert(Self.sorted(Int32(numbers.count)..<Int32(groups.count), of: groups), of: groups)
    }
    ranks = Array(repeating: 0, count: numbers.count)
    for (rank, number) in numbers.enumerated() { ranks[Int(number)] = Int32(rank) }
  }

  /// Merges new ones, in their order, among the others: where each belongs is found by halving.
  /// O(groups + new ones log groups).
  private mutating func insert(_ added: [Int32], of groups: ByteStrings) {
    var merged: [Int32] = []
    merged.reserveCapacity(groups.count)
    var next = 0
    for number in added {
      var (low, high) = (next, numbers.count)
      while low < high {
        let middle = (low + high) / 2
        if Self.isBefore(numbers[middle], number, of: groups) {
          low = middle + 1
        } else {
          high = middle
        }
      }
      merged.append(contentsOf: numbers[next..<low])
      merged.append(number)
      next = low
    }
    merged.append(contentsOf: numbers[next...])
    numbers = merged
  }

  private static func isBefore(_ one: Int32, _ other: Int32, of groups: ByteStrings) -> Bool {
    let bytes = groups.bytes.rawSpan
    return bytes.extracting(groups.range(Int(one)))
      .precedes(bytes.extracting(groups.range(Int(other))))
  }

  /// What a group is sorted by: eight of its bytes, from where they differ.
  private struct Entry {
    var word: UInt64
    var number: Int32
  }

  /// Sorts groups. Names are all over the memory, so that looking at two for each comparison takes long: the first bytes that
  /// not all have in common tell most of them apart. O(groups log groups).
  private static func sorted(_ numbers: Range<Int32>, of groups: ByteStrings) -> [Int32] {
    let bytes = groups.bytes.rawSpan
    let first = bytes.extracting(groups.range(Int(numbers.lowerBound)))
    var shared = first.byteCount
    for number in numbers.dropFirst() {
      let name = bytes.extracting(groups.range(Int(number)))
      shared = min(shared, first.commonPrefix(name))
    }
    var entries: [Entry] = []
    entries.reserveCapacity(numbers.count)
    for number in numbers {
      // Bytes past the end are zeros: a name is not after what it begins, and names of one word are compared in full.
      let name = bytes.extracting(groups.range(Int(number)))
      entries.append(Entry(word: name.word(at: shared).byteSwapped, number: number))
    }
    entries.sort {
      $0.word != $1.word ? $0.word < $1.word : isBefore($0.number, $1.number, of: groups)
    }
    return entries.map(\.number)
  }
}
