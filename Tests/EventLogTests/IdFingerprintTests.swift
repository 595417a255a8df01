import Testing

@testable import EventLog

/// Sums that stand for sets of dedup ids.
@Suite struct IdFingerprintTests {
  private func entries(_ count: Int, _ random: inout SeededGenerator) -> [IdEntry] {
    (0..<count).map { seq in
      IdEntry(hash: random.next(), seq: UInt64(seq + 1), partition: Int64(random.below(9)) - 4)
    }
  }

  private func fingerprint(_ entries: [IdEntry], for count: Int) -> IdFingerprint {
    var fingerprint = IdFingerprint(entryCount: count)
    for entry in entries { fingerprint.add(entry) }
    return fingerprint
  }

  @Test func orderAndBitsThatRunsDropDoNotCount() {
    rounds(8) { random in
      let count = random.pick([0, 1, 4_095, 4_096, 30_000])
      let all = entries(count, &random)
      let other = all.shuffled(using: &random).map { entry in
        var entry = entry
        entry.hash ^= random.next() >> UInt64(IdRunLayout.hashBits)
        return entry
      }
      try checkEqual(fingerprint(all, for: count), fingerprint(other, for: count), "\(count)")
    }
  }

  /// One entry that is changed, lost or added shows in its part, and no other part differs.
  @Test func eachDifferenceShowsInItsPart() {
    rounds(8) { random in
      let count = random.pick([1, 5_000, 30_000])
      let all = entries(count, &random)
      let sound = fingerprint(all, for: count)
      var changed = all
      let place = random.below(count)
      switch random.below(5) {
      case 0: changed[place].hash ^= 1 << UInt64(random.within(16...63))
      case 1: changed[place].seq ^= 1 << UInt64(random.below(64))
      case 2: changed[place].partition ^= 1 << Int64(random.below(64))
      case 3: changed.remove(at: place)
      default: changed.append(all[place])
      }
      let damaged = fingerprint(changed, for: count)
      let parts = Set([all[place]].map(sound.part) + changed[place...].prefix(1).map(sound.part))
      let differing = sound.parts(differingFrom: damaged)
      try check(
        !differing.isEmpty && Set(differing).isSubset(of: parts), "\(differing) of \(parts)")
    }
  }
}
