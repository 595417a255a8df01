import Bytes
import EventLog
import Language

/// The groups of a KPI as groups of a query that has a part of its dimensions.
struct GroupMapping {
  private let coverage: Coverage
  private var known = StringTable()
  /// The query's group of each known one; -1 when it is not asked for.
  private var codes: [Int32] = []
  private var targets = StringTable()

  init(_ coverage: Coverage) { self.coverage = coverage }

  /// The query's groups, by code.
  var groups: ByteStrings { targets.strings }

  /// The code of the query's group that a KPI's group belongs to; -1 when the filter refuses it.
  mutating func code(_ group: RawSpan) throws -> Int32 {
    let number = Int(known.number(group))
    if number == codes.count { codes.append(try target(group)) }
    return codes[number]
  }

  /// The code of a group of the query.
  mutating func code(ofTarget group: [UInt8]) -> Int32 { targets.number(group.rawSpan) }

  private mutating func target(_ group: RawSpan) throws -> Int32 {
    if coverage.hasSameGroups, coverage.groupFilter == nil { return targets.number(group) }
    let count = coverage.kpi.dimensions.count
    guard let labels = GroupKey.labels(group, count: count) else { return -1 }
    if let filter = coverage.groupProgram {
      let fields = GroupLabels(dimensions: coverage.kpi.dimensions, labels: labels)
      guard try PredicateMask.evaluate(filter, fields)[0] else { return -1 }
    }
    return targets.number(GroupKey.bytes(coverage.dimensions.map { labels[$0] }).rawSpan)
  }
}

/// The dimensions of one group, for a predicate to look at.
struct GroupLabels: PredicateFields {
  let dimensions: [Text]
  let labels: [Text?]
  var count: Int { 1 }

  private func label(_ path: Text) -> Text? {
    dimensions.firstIndex(of: path).flatMap { labels[$0] }
  }

  func numbers(_ path: Text) -> FactNumbers { FactNumbers(values: [], presence: .none) }

  func labels(_ path: Text) -> FactLabels {
    var names = ByteStrings()
    if let label = label(path) { names.append(Array(label.utf8)) }
    return FactLabels(codes: [names.count > 0 ? 0 : -1], names: names)
  }

  func presence(_ path: Text) -> Presence { label(path) == nil ? .none : .all }
}

extension GroupKey {
  /// A group of these labels.
  static func bytes(_ labels: [Text?]) -> [UInt8] {
    var bytes: [UInt8] = []
    for label in labels {
      if let label {
        let text = Array(label.utf8)
        append(text.rawSpan, to: &bytes)
      } else {
        appendAbsent(to: &bytes)
      }
    }
    return bytes
  }
}
