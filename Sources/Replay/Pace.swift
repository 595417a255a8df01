import Bytes
import Model

/// When each document of a file is due.
public struct Pace: Sendable {
  /// What the pace goes by.
  public enum Kind: Sendable {
    /// One document after the other, with so much time between them.
    case interval(Duration)
    /// As far from each other as their times are, so many times as fast. Nil is the first of the usual names.
    case timestamps(path: String?, speed: Double)
  }

  private let kind: Kind
  private let start: ContinuousClock.Instant
  private var count = 0
  private var round = 0
  /// The time of the first document of the round, and when that was due.
  private var first: (ns: Int64, due: ContinuousClock.Instant)?
  private var last: ContinuousClock.Instant
  private var parser = TimeParser()
  /// Documents of which the pace goes by times, and that have none.
  public private(set) var untimedCount: UInt64 = 0

  /// Names under which the time is looked for.
  public static let timeNames = ["timestamp", "time", "ts", "@timestamp", "_time"]

  public init(_ kind: Kind, from start: ContinuousClock.Instant = .now) {
    (self.kind, self.start, last) = (kind, start, start)
  }

  /// When the next document is due: never before those that came before it. One without a time is due with the one before.
  /// O(its bytes) by timestamps, else O(1).
  public mutating func due(_ document: DocumentSequence.Element) -> ContinuousClock.Instant {
    defer { count += 1 }
    switch kind {
    case .interval(let interval): return start + interval * count
    case .timestamps(let path, let speed):
      guard let ns = time(of: document.bytes, path) else {
        untimedCount += 1
        return last
      }
      if first == nil || document.round != round { first = (ns, last) }
      round = document.round
      guard let first else { return last }
      let seconds = Double(ns.saturatingSubtracting(first.ns)) / 1e9 / speed
      last = max(last, first.due + .seconds(seconds))
      return last
    }
  }

  private mutating func time(of document: [UInt8], _ path: String?) -> Int64? {
    guard let value = try? JSONReader.value(document) else { return nil }
    guard let path else {
      for name in Self.timeNames {
        if let field = value[name], let ns = ns(field) { return ns }
      }
      return nil
    }
    var field: JSONValue? = value
    for name in path.split(separator: ".") { field = field?[String(name)] }
    return field.flatMap { ns($0) }
  }

  private mutating func ns(_ value: JSONValue) -> Int64? {
    switch value {
    case .string(let text):
      let bytes = Array(text.utf8)
      return parser.parse(bytes.rawSpan, 0..<bytes.count)?.ns
    case .number(let text):
      let bytes = Array(text.utf8)
      return parser.parse(number: bytes.rawSpan, 0..<bytes.count)?.ns
    default: return nil
    }
  }
}
