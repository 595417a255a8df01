import Foundation
import Model
import Store

/// A directory for a store, removed with the test.
final class TemporaryDirectory {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("nilo-\(UUID().uuidString)").path

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Random tests print their seed when they fail, and `NILO_SEED` replays one.
struct SeededGenerator: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  init() {
    let given = ProcessInfo.processInfo.environment["NILO_SEED"].flatMap { UInt64($0) }
    seed = given ?? UInt64.random(in: 1...UInt64(UInt32.max))
    state = seed
  }

  // SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

/// How much longer than usual the random tests are to run.
let testRounds = ProcessInfo.processInfo.environment["NILO_ROUNDS"].flatMap { Int($0) } ?? 1

extension Store {
  func documents(of stream: String, seqs: ClosedRange<UInt64> = 1...UInt64.max) throws -> [String] {
    var documents: [String] = []
    try forEachEvent(of: stream, seqs: seqs) { event in
      documents.append(String(decoding: event.bytes, as: UTF8.self))
      return true
    }
    return documents
  }

  func ledger(_ kind: LedgerEntry.Kind) throws -> [LedgerEntry] {
    var entries: [LedgerEntry] = []
    try forEachLedgerEntry(kind: kind) { entry in
      entries.append(entry)
      return true
    }
    return entries
  }
}

extension DocumentBatch {
  /// The documents, at positions 0, 1 and so on.
  init(of documents: [String]) {
    self.init(bytes: [], documents: [], endPosition: Int64(documents.count))
    for (index, document) in documents.enumerated() {
      let start = UInt32(bytes.count)
      bytes.append(contentsOf: document.utf8)
      self.documents.append(
        DocumentRange(
          start: start, byteCount: UInt32(document.utf8.count), position: Int64(index)))
    }
  }
}
