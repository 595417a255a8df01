/// A fleet of sensors that report at a steady interval, as newline-delimited JSON of about 180
/// bytes an event, in order of time but for the late and the repeated ones.
///
/// The same options give the same bytes on any machine. One event:
///
///     {"event_id":"9f86d081884c7d65","device_id":"device-00042","site":"site-03",
///      "timestamp":"2024-06-01T00:00:12.345Z","temperature":21.37,"humidity":45.2,
///      "pressure":1013.25,"status":"ok"}
///
/// on one line, temperature in degrees Celsius, humidity in per cent, pressure in hPa. Devices are
/// numbered from 0, sites from 1; a device keeps its site. Each device reports once in each
/// interval, at its own phase and up to some hundred milliseconds after it.
///
/// Memory is O(devices + events late or to be repeated at one time).
public struct FleetWorkload: Sendable {
  /// What to generate. Values outside the stated limits are taken to the nearest limit.
  public struct Options: Sendable, Hashable {
    /// Number of devices, 1...1,000,000.
    public var devices = 1000
    /// Time between two reports of a device in milliseconds, 1...86,400,000.
    public var intervalMs = 30_000
    /// Span of event time in hours, 0...1,000,000.
    public var hours: Double = 24
    /// Share of the events written 10 minutes to 6 hours of event time after their place, 0...1.
    public var lateShare = 0.01
    /// Share of the events written again, byte for byte, within an hour of event time, 0...1.
    public var duplicateShare = 0.001
    /// Seed of all that is random.
    public var seed: UInt64 = 1
    /// Beginning of the span, in milliseconds since 1970, up to the year 9000. By default
    /// 2024-06-01T00:00:00Z.
    public var startMs: Int64 = 1_717_200_000_000

    /// The defaults: 2,880,000 events and 2,880 repeated ones.
    public init() {}
  }

  /// Number of sites the devices are spread over.
  public static let siteCount = 20

  /// The options in force, within their limits.
  public let options: Options
  /// Number of lines from the first call of ``next(into:)`` to the last:
  /// devices * floor(span / interval) events and the repeated ones.
  public let eventCount: Int

  static let chunkBytes = 1 << 20
  static let lateDelayMs = 600_000...21_600_000
  static let duplicateDelayMs = 1_000...3_600_000

  private var random: Xoshiro256StarStar
  private var eventIDs: SplitMix64
  private var late: ExactShare
  private var duplicates: ExactShare
  /// In order of phase; one round over them takes one interval.
  private var devices: [FleetDevice]
  private let jitterBoundMs: Int
  private var roundsLeft: Int
  private var roundStartMs: Int64
  private var nextDevice = 0
  /// Reports that jitter may still put in another order; some hundred milliseconds of them.
  private var upcoming = MinHeap<FleetReading>()
  /// Late events and repetitions; kept apart so that `upcoming` stays small and fast.
  private var delayed = MinHeap<FleetReading>()
  private var line: FleetLine

  /// Prepares the fleet. O(n log n) in the number of devices.
  public init(_ options: Options) {
    let options = options.withinLimits()
    self.options = options
    let rounds = options.rounds
    let originals = options.devices * rounds
    var seeds = SplitMix64(seed: options.seed)
    random = Xoshiro256StarStar(seeds: &seeds)
    eventIDs = SplitMix64(seed: seeds.next())
    late = ExactShare(options.lateShare, of: originals)
    duplicates = ExactShare(options.duplicateShare, of: originals)
    eventCount = originals + duplicates.wanted
    // Phase and jitter together stay below the interval: one report in each.
    jitterBoundMs = max(1, min(400, options.intervalMs / 4))
    roundsLeft = rounds
    roundStartMs = options.startMs
    line = FleetLine(devices: options.devices)
    devices = Self.fleet(
      options.devices, phaseBoundMs: options.intervalMs - jitterBoundMs + 1, random: &random)
  }

  /// Appends about 1 MiB of whole lines to `bytes`.
  ///
  /// - Returns: false when there was nothing left to append.
  /// - Complexity: O(log(late and repeated events)) for a late event, O(log(events of 400 ms)) for
  ///   any other.
  public mutating func next(into bytes: inout [UInt8]) -> Bool {
    let end = bytes.count + Self.chunkBytes
    bytes.reserveCapacity(end + 512)
    var wrote = false
    while bytes.count < end, let reading = nextReading() {
      line.append(reading, to: &bytes)
      wrote = true
    }
    return wrote
  }

  /// Devices with their phases and mean values, in order of phase.
  private static func fleet(
    _ count: Int, phaseBoundMs: Int, random: inout Xoshiro256StarStar
  ) -> [FleetDevice] {
    let siteTemperatures = (0..<siteCount).map { _ in 1_500 + random.within(-600...600) }
    var devices: [FleetDevice] = []
    devices.reserveCapacity(count)
    for number in 0..<count {
      devices.append(
        FleetDevice(
          number: number, phaseMs: random.below(phaseBoundMs),
          siteTemperature: siteTemperatures[number % siteCount], random: &random))
    }
    devices.sort { ($0.phaseMs, $0.number) < ($1.phaseMs, $1.number) }
    return devices
  }

  /// The event to be written next, or nil at the end.
  private mutating func nextReading() -> FleetReading? {
    // A report not yet made is due at its phase or later: what is due by then can go.
    while roundsLeft > 0 {
      let earliestMs = roundStartMs + devices[nextDevice].phaseMs
      if min(upcoming.firstDueMs, delayed.firstDueMs) <= earliestMs { break }
      makeReport(atMs: earliestMs)
    }
    guard delayed.firstDueMs >= upcoming.firstDueMs else { return delayed.popFirst() }
    return upcoming.popFirst()
  }

  /// Has the next device report, and sets it down for the time it is due.
  private mutating func makeReport(atMs phaseMs: Int64) {
    let bits = random.next()
    let jitterMs = ((bits >> 48) * UInt64(jitterBoundMs)) >> 16
    let reading = devices[nextDevice].report(
      timestampMs: phaseMs + Int64(jitterMs), eventID: eventIDs.next(),
      status: FleetStatus(perMille: random.below(1_000)), bits: bits)
    schedule(reading)
    nextDevice += 1
    if nextDevice == devices.count {
      nextDevice = 0
      roundsLeft -= 1
      roundStartMs += Int64(options.intervalMs)
    }
  }

  /// Draws whether an event is late and whether it is repeated.
  private mutating func schedule(_ original: FleetReading) {
    var reading = original
    let isLate = late.chooses(using: &random)
    if isLate { reading.dueMs += Int64(random.within(Self.lateDelayMs)) }
    let isRepeated = duplicates.chooses(using: &random)
    if isLate { delayed.insert(reading) } else { upcoming.insert(reading) }
    if isRepeated {
      reading.dueMs += Int64(random.within(Self.duplicateDelayMs))
      delayed.insert(reading)
    }
  }
}

extension FleetWorkload.Options {
  /// Reports of each device. The span is rounded to milliseconds first: 0.7 hours as a `Double`
  /// are a little less than 2,520,000 ms.
  fileprivate var rounds: Int {
    Int((hours * 3_600_000).rounded()) / intervalMs
  }

  fileprivate func withinLimits() -> Self {
    var options = self
    options.devices = min(max(devices, 1), 1_000_000)
    options.intervalMs = min(max(intervalMs, 1), 86_400_000)
    // Comparisons with NaN are false, so that NaN becomes 0.
    options.hours = hours > 0 ? min(hours, 1_000_000) : 0
    options.lateShare = lateShare > 0 ? min(lateShare, 1) : 0
    options.duplicateShare = duplicateShare > 0 ? min(duplicateShare, 1) : 0
    options.startMs = min(max(startMs, 0), 221_845_392_000_000)
    return options
  }
}
