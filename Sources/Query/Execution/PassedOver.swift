import Bytes
import Language
import Model

/// Counts the values that aggregates pass over: texts among the numbers of a field, and arrays. Numbers of an answer
/// may be of fewer values than one thinks.
struct PassedOver {
  let query: BoundQuery
  let store: any Queryable
  let options: QueryOptions
  /// The state of the log that is counted.
  let asOfSeq: UInt64

  private struct Subject: Equatable {
    var path: FieldPath
    var filter: Predicate?
    /// Whether it is what facts are grouped by, and not what is computed of.
    var isGroup = false
    /// Whether texts are passed over, and not only arrays.
    var takesNumbersOnly: Bool
  }

  /// A note for each field. O(facts of the range) if there is such a field, else O(aggregates).
  func notes() throws -> [String] {
    let subjects = self.subjects
    if subjects.isEmpty { return [] }
    var request = AggregateRequest(
      stream: query.stream.name, aggregates: subjects.flatMap(Self.counts))
    request.filter = query.filter
    request.range = query.factRange
    request.asOfSeq = asOfSeq
    request.path = .columns
    request.limits = options.limits
    request.isCancelled = options.isCancelled
    let result = try store.aggregate(request)
    guard result.count == 1 else { return [] }
    func count(_ index: Int) -> Int64 {
      if case .integer(let count) = result.values[index][0] { count } else { 0 }
    }
    return subjects.enumerated().compactMap { index, subject in
      let (all, labels) = (count(3 * index), count(3 * index + 1))
      let numbers = subject.takesNumbersOnly ? count(3 * index + 2) : labels
      return Self.note(subject, all: all, texts: labels - numbers, arrays: all - labels)
    }
  }

  /// What is not worth a scan: cells have the numbers of a KPI, not what was passed over for them.
  func notesWithoutCounts() -> [String] {
    var paths: [Text] = []
    for subject in subjects where !paths.contains(subject.path.path) {
      paths.append(subject.path.path)
    }
    return paths.map {
      "values of \($0) that are no numbers are passed over; the KPI does not keep how many, "
        + "a query of the stream \(query.stream.name) counts them"
    }
  }

  private var subjects: [Subject] {
    var found: [Subject] = []
    func add(_ subject: Subject) { if !found.contains(subject) { found.append(subject) } }
    for aggregate in query.aggregates {
      guard let path = aggregate.argument, let field = field(path.path) else { continue }
      switch aggregate.function {
      case .count: continue
      case .distinct, .top, .first, .last:
        guard field.hasLists else { continue }
        add(Subject(path: path, filter: aggregate.filter, takesNumbersOnly: false))
      default:
        guard field.hasLists || field.kind == .mixed else { continue }
        add(Subject(path: path, filter: aggregate.filter, takesNumbersOnly: true))
      }
    }
    for group in query.groups where field(group.path)?.hasLists ?? false {
      add(Subject(path: FieldPath(group.path), isGroup: true, takesNumbersOnly: false))
    }
    return found
  }

  private func field(_ path: Text) -> StreamInfo.Field? {
    query.stream.fields.first { $0.path == path }
  }

  /// All values, those that have a label, as arrays have none, and those that functions of numbers take.
  private static func counts(of subject: Subject) -> [Aggregate] {
    let hasLabel = Predicate.like(subject.path, pattern: "%", isNegated: false)
    return [nil, hasLabel, isTaken(subject.path)].map {
      Aggregate(.count, subject.path, filter: .both(subject.filter, $0))
    }
  }

  /// Integers beyond 64 bits that are texts, their digits, are compared as numbers all the same. The label of a number
  /// beyond 64 bits has an exponent.
  private static func isTaken(_ path: FieldPath) -> Predicate {
    let (low, high) = (Literal(Int64.min), Literal(UInt64.max))
    let isBeyond = Predicate.or(.compare(path, .lt, low), .compare(path, .gt, high))
    return .or(
      .between(path, low, high, isNegated: false),
      .and(isBeyond, .like(path, pattern: "%e%", isNegated: false)))
  }

  private static func note(
    _ subject: Subject, all: Int64, texts: Int64, arrays: Int64
  ) -> String? {
    let count = texts + arrays
    if count == 0 { return nil }
    let what: String
    switch (texts, arrays) {
    case (1, 0): what = "a text"
    case (_, 0): what = "texts"
    case (0, 1): what = "an array"
    case (0, _): what = "arrays"
    default: what = "texts (\(texts)) and arrays (\(arrays))"
    }
    let condition = subject.filter.map { " where \($0.canonicalText)" } ?? ""
    let isOne = count == 1
    let fate =
      subject.isGroup
      ? "in the group without a value" : "\(isOne ? "was" : "were") passed over"
    return "\(count) of \(all) values of \(subject.path.path)\(condition) "
      + "\(isOne ? "is" : "are") \(what) and \(subject.isGroup ? isOne ? "is " : "are " : "")\(fate)"
  }
}

extension BoundQuery {
  /// The times of the facts behind its rows: windows begin before the range.
  var factRange: Range<Int64> {
    guard rolling != nil, let buckets, range.lowerBound > .min else { return range }
    let start = windowStart(buckets.start(of: range.lowerBound))
    return start..<max(start, range.upperBound)
  }
}

extension Literal {
  fileprivate init(_ value: some BinaryInteger) {
    self = .number(Double(value), text: "\(value)")
  }
}
