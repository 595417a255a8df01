import EventLog
import Language
import Model
import Sketches

/// The columns of a block, each decoded once for all KPIs that read it.
final class FactColumns {
  let facts: BlockFacts
  let times: [Int64]
  /// The event of each fact; nil when they are the same.
  let events: [Int32]?
  private var numbersByPath: [String: FactNumbers] = [:]
  private var labelsByPath: [String: FactLabels] = [:]
  private var keysByPath: [String: [Int32]] = [:]

  var count: Int { facts.factCount }

  init(_ facts: BlockFacts) throws {
    self.facts = facts
    times = try facts.times()
    events = facts.events()
  }

  func seq(_ fact: Int) -> UInt64 {
    facts.block.firstSeq + UInt64(events.map { Int($0[fact]) } ?? fact)
  }

  func numbers(_ path: String) throws -> FactNumbers {
    if let known = numbersByPath[path] { return known }
    let numbers = try facts.numbers(path)
    numbersByPath[path] = numbers
    return numbers
  }

  func labels(_ path: String) throws -> FactLabels {
    if let known = labelsByPath[path] { return known }
    let labels = try facts.labels(path)
    labelsByPath[path] = labels
    return labels
  }

  /// The sketch's key of each number at `path`.
  func keys(_ path: String) throws -> [Int32] {
    if let known = keysByPath[path] { return known }
    let keys = try numbers(path).values.map(LogBuckets.key)
    keysByPath[path] = keys
    return keys
  }
}
