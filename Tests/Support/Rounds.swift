import Foundation
import Testing

/// A small random number generator that replays from its seed (SplitMix64, Steele et al. 2014).
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  package mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
  package mutating func within(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  /// True once in `times`.
  package mutating func oneIn(_ times: Int) -> Bool { below(times) == 0 }
  package mutating func pick<C: Collection>(_ values: C) -> C.Element {
    values[values.index(values.startIndex, offsetBy: below(values.count))]
  }

  /// A number of a random count of significant bits, so that small and large ones are as likely.
  package mutating func word() -> UInt64 {
    let bits = below(65)
    return bits == 0 ? 0 : next() >> UInt64(64 - bits)
  }
}

/// What a random test found wrong.
package struct Mismatch: Error, CustomStringConvertible {
  package var description: String

  package init(description: String) { self.description = description }
}

package func check(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw Mismatch(description: what()) }
}

package func checkEqual<T: Equatable>(
  _ got: T, _ wanted: T, _ what: @autoclosure () -> String
) throws {
  if got != wanted { throw Mismatch(description: "\(what()): got \(got), wanted \(wanted)") }
}

/// The seed of the first round: NILO_SEED, or another one each time.
package let firstSeed: UInt64 = {
  if let text = ProcessInfo.processInfo.environment["NILO_SEED"], let seed = UInt64(text) {
    return seed
  }
  let seed = UInt64.random(in: 0...0xFFFF_FFFF)
  // Printed before any round, since a trap leaves no time for it.
  print("random rounds of \(#fileID) begin at NILO_SEED=\(seed)")
  return seed
}()

/// Runs `body` `count` times (times NILO_ROUNDS), each round with a generator of its own seed. A
/// failure names the seed with which the first round fails.
package func rounds(
  _ count: Int, location: SourceLocation = #_sourceLocation,
  _ body: (inout SeededGenerator) throws -> Void
) {
  let factor =
    ProcessInfo.processInfo.environment["NILO_ROUNDS"].flatMap { Double($0) } ?? 1
  for round in 0..<max(1, Int(Double(count) * factor)) {
    let seed = firstSeed &+ UInt64(round)
    var random = SeededGenerator(seed: seed)
    do {
      try body(&random)
    } catch {
      Issue.record("\(error); replay with NILO_SEED=\(seed)", sourceLocation: location)
      return
    }
  }
}
