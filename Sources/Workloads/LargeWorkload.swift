/// One machine that sends a large document each minute: thousands of readings of some 20 measures.
///
/// The same options give the same bytes on any machine. One document, on one line:
///
///     {"event_id":"9f86d081884c7d65","device_id":"press-01","timestamp":"2024-06-01T00:00:00Z",
///      "readings":[{"metric":"vibration_x","value":0.1234,"t":1717200000123},...]}
///
/// `t` is in milliseconds since 1970. All measures are sampled together, so that `t` stays the same
/// over a sample of all and rises to the next, within the minute from `timestamp` on.
public struct LargeWorkload: Sendable {
  /// What to generate. Values outside the stated limits are taken to the nearest limit.
  public struct Options: Sendable, Hashable {
    /// Number of documents, 0...10,000,000.
    public var messages = 40
    /// Size of a document with its newline in bytes, 200...1,000,000,000. A document has at most
    /// that and falls short by less than 100.
    public var sizeBytes = 5_000_000
    /// Seed of all that is random.
    public var seed: UInt64 = 1
    /// Time of the first document, in milliseconds since 1970, up to the year 9000. By default
    /// 2024-06-01T00:00:00Z.
    public var startMs: Int64 = 1_717_200_000_000

    /// The defaults: 40 documents of 5 MB.
    public init() {}
  }

  /// The options in force, within their limits.
  public let options: Options
  /// Number of documents from the first call of ``next(into:)`` to the last.
  public var eventCount: Int { options.messages }

  static let minuteMs = 60_000
  /// Readings are longer on average, so that the samples of a document end before its minute.
  private static let leastReadingBytes = 48
  private static let closing = Array("]}\n".utf8)
  /// Between value and time of a reading.
  private static let timeKey = Array(",\"t\":".utf8)

  private var random: Xoshiro256StarStar
  private var eventIDs: SplitMix64
  private var metrics = LargeMetric.press
  private var sent = 0
  private var head: [UInt8] = []
  private let eventIDOffset: Int
  private let dateOffset: Int

  /// Prepares the documents. O(1).
  public init(_ options: Options) {
    self.options = options.withinLimits()
    // Other identifiers than those of a fleet with the same seed.
    var seeds = SplitMix64(seed: ~options.seed)
    random = Xoshiro256StarStar(seeds: &seeds)
    eventIDs = SplitMix64(seed: seeds.next())
    head.append(ascii: #"{"event_id":""#)
    eventIDOffset = head.count
    head.append(ascii: #"0000000000000000","device_id":"press-01","timestamp":""#)
    dateOffset = head.count
    head.append(ascii: #"1970-01-01T00:00:00Z","readings":["#)
  }

  /// Appends one document and its newline to `bytes`.
  ///
  /// - Returns: false when there was none left to append.
  /// - Complexity: O(`sizeBytes`).
  public mutating func next(into bytes: inout [UInt8]) -> Bool {
    guard sent < options.messages else { return false }
    let end = bytes.count + options.sizeBytes
    bytes.reserveCapacity(end + 100)
    let startMs = options.startMs + Int64(sent * Self.minuteMs)
    appendHead(startMs: startMs, to: &bytes)
    appendReadings(startMs: Int(startMs), upTo: end - Self.closing.count, to: &bytes)
    bytes.append(contentsOf: Self.closing)
    sent += 1
    return true
  }

  private mutating func appendHead(startMs: Int64, to bytes: inout [UInt8]) {
    let (day, ofDayMs) = Int(startMs).quotientAndRemainder(dividingBy: Int(TimestampText.dayMs))
    head.overwrite(at: eventIDOffset, hexOf: eventIDs.next())
    TimestampText.overwriteDate(ofDay: day, at: dateOffset, in: &head)
    TimestampText.overwriteTime(ofSecond: ofDayMs / 1_000, at: dateOffset + 11, in: &head)
    bytes.append(contentsOf: head)
  }

  /// Appends readings with commas between them as long as they end by `end`.
  private mutating func appendReadings(startMs: Int, upTo end: Int, to bytes: inout [UInt8]) {
    let mostSamples = options.sizeBytes / (Self.leastReadingBytes * metrics.count) + 1
    var sample = 0
    while true {
      let t = startMs + sample * Self.minuteMs / mostSamples
      for index in metrics.indices {
        let mark = bytes.count
        if sample > 0 || index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(contentsOf: metrics[index].opening)
        bytes.append(trimmedTenThousandths: metrics[index].sample(using: &random))
        bytes.append(contentsOf: Self.timeKey)
        bytes.append(decimal: t)
        bytes.append(UInt8(ascii: "}"))
        if bytes.count > end {
          bytes.removeSubrange(mark...)
          return
        }
      }
      sample += 1
    }
  }
}

extension LargeWorkload.Options {
  fileprivate func withinLimits() -> Self {
    var options = self
    options.messages = min(max(messages, 0), 10_000_000)
    options.sizeBytes = min(max(sizeBytes, 200), 1_000_000_000)
    options.startMs = min(max(startMs, 0), 221_845_392_000_000)
    return options
  }
}
