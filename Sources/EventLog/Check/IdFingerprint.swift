/// What a set of entries of the dedup index adds up to: two sets are compared without keeping either, in whatever order
/// they come. Each entry is mixed into 64 bits; these are summed up, and counted, in parts by their first bits, so that
/// what differs is found by looking at the entries of a few parts again.
struct IdFingerprint: Equatable {
  private struct Part: Equatable {
    var count = 0
    var sum: UInt64 = 0
  }

  private var parts: [Part]
  private let partBits: Int
  private(set) var count = 0

  /// Entries of a part, about: a part takes 16 bytes.
  private static let entriesPerPart = 4_096
  private static let maxPartBits = 16

  /// For sets of about `entryCount` entries; those that are compared have to be made for the same count.
  init(entryCount: Int) {
    let wanted = max(entryCount, 1) / Self.entriesPerPart
    partBits = min(Int.bitWidth - wanted.leadingZeroBitCount, Self.maxPartBits)
    parts = Array(repeating: Part(), count: 1 << partBits)
  }

  var partCount: Int { parts.count }

  /// The part that an entry belongs to. O(1).
  func part(of entry: IdEntry) -> Int { part(Self.mix(entry)) }

  private func part(_ mixed: UInt64) -> Int { Int(mixed >> UInt64(64 - partBits)) }

  mutating func add(_ entry: IdEntry) {
    let mixed = Self.mix(entry)
    let part = part(mixed)
    parts[part].count += 1
    parts[part].sum &+= mixed
    count += 1
  }

  /// The parts that differ, in order. O(parts).
  func parts(differingFrom other: IdFingerprint) -> [Int] {
    parts.indices.filter { parts[$0] != other.parts[$0] }
  }

  /// The entries of a part.
  func count(ofPart part: Int) -> Int { parts[part].count }

  /// Of the hash only what a run keeps counts.
  private static func mix(_ entry: IdEntry) -> UInt64 {
    let hash = finalize(entry.hash >> UInt64(64 - IdRunLayout.hashBits))
    return finalize(finalize(hash ^ entry.seq) ^ UInt64(bitPattern: entry.partition))
  }

  /// A step of SplitMix64 (Steele et al. 2014): each bit of the input changes half of the output's.
  private static func finalize(_ value: UInt64) -> UInt64 {
    var mixed = value &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
