import Foundation
@_exported import TestSupport
import Testing

/// Runs `body` once, however many rounds are asked for: it samples more by itself.
func round(
  location: SourceLocation = #_sourceLocation, _ body: (inout SeededGenerator) throws -> Void
) {
  var random = SeededGenerator(seed: firstSeed)
  do {
    try body(&random)
  } catch {
    Issue.record("\(error); replay with NILO_SEED=\(firstSeed)", sourceLocation: location)
  }
}

/// As many of `count` things as NILO_ROUNDS asks for.
func sampled(_ count: Int) -> Int {
  let factor =
    ProcessInfo.processInfo.environment["NILO_ROUNDS"].flatMap { Double($0) } ?? 1
  return max(1, Int(Double(count) * factor))
}
