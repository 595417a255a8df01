/// One event of a fleet in the integer units of its text, so that it can wait in a heap and be
/// written twice with the same bytes.
struct FleetReading: Scheduled, Sendable {
  /// When it is to be written, in event time.
  var dueMs: Int64
  /// When it was measured.
  var timestampMs: Int64
  var eventID: UInt64
  var device: Int32
  var temperatureHundredths: Int32
  var pressureHundredths: Int32
  var humidityTenths: Int16
  var status: FleetStatus
}

/// What a device says of itself.
enum FleetStatus: UInt8, Sendable, CaseIterable {
  case ok, warning, error, offline, maintenance

  /// The status for a uniform number of `0..<1000`: 950 ok, 25 warning, 10 error, 10 offline and
  /// 5 maintenance.
  init(perMille: Int) {
    switch perMille {
    case ..<950: self = .ok
    case ..<975: self = .warning
    case ..<985: self = .error
    case ..<995: self = .offline
    default: self = .maintenance
    }
  }
}

/// Slow noise about zero: a random walk that loses one part in `pull` of its distance at each step
/// (an autoregressive process of order 1), in integers so that it is the same anywhere.
struct SlowNoise: Sendable {
  private(set) var value = 0

  /// `bits` gives a uniform step within `-reach...reach`, from its low 16 bits.
  @inline(__always)
  mutating func step(bits: UInt64, reach: Int, pull: Int) {
    let step = ((Int(bits & 0xffff) * (2 * reach + 1)) >> 16) - reach
    value += step - value / pull
  }
}

/// The state of one device between its reports.
struct FleetDevice: Sendable {
  let number: Int32
  /// Place of its reports within each interval.
  let phaseMs: Int64
  /// Mean temperature in hundredths of a degree Celsius, mean pressure in hundredths of a hPa.
  private let meanTemperature: Int
  private let meanPressure: Int
  private var temperatureNoise = SlowNoise()
  private var humidityNoise = SlowNoise()
  private var pressureNoise = SlowNoise()

  init(number: Int, phaseMs: Int, siteTemperature: Int, random: inout Xoshiro256StarStar) {
    self.number = Int32(number)
    self.phaseMs = Int64(phaseMs)
    meanTemperature = siteTemperature + random.within(-300...300)
    meanPressure = 101_325 + random.within(-1_500...500)
  }

  /// The next report, measured at `timestampMs` and due at once. The low 48 of `bits` drive the
  /// noise, 16 for each measure. O(1).
  mutating func report(
    timestampMs: Int64, eventID: UInt64, status: FleetStatus, bits: UInt64
  ) -> FleetReading {
    temperatureNoise.step(bits: bits, reach: 40, pull: 64)
    humidityNoise.step(bits: bits >> 16, reach: 15, pull: 64)
    pressureNoise.step(bits: bits >> 32, reach: 20, pull: 512)
    let daily = DailyCurve.value(atMs: timestampMs, amplitude: 600)
    let temperature = meanTemperature + daily + temperatureNoise.value
    // Warm air is drier: one per cent less for each degree above 15.
    let humidity = 550 - (temperature - 1_500) / 10 + humidityNoise.value
    return FleetReading(
      dueMs: timestampMs, timestampMs: timestampMs, eventID: eventID, device: number,
      temperatureHundredths: Int32(min(max(temperature, -2_000), 4_500)),
      pressureHundredths: Int32(min(max(meanPressure + pressureNoise.value, 95_000), 105_000)),
      humidityTenths: Int16(min(max(humidity, 50), 1_000)), status: status)
  }
}

/// The course of a day: a sine with its peak at 15:00 UTC.
enum DailyCurve {
  /// Bhaskara I's rational approximation of the sine (7th century, error below 0.2 %), in integers
  /// as a libm's last bit differs from machine to machine.
  static func value(atMs timestampMs: Int64, amplitude: Int) -> Int {
    let halfDay = 43_200
    let sinceNine = (Int(timestampMs / 1_000) + 2 * halfDay - 9 * 3_600) % (2 * halfDay)
    let x = sinceNine < halfDay ? sinceNine : sinceNine - halfDay
    let product = x * (halfDay - x)
    let sine = 16 * amplitude * product / (5 * halfDay * halfDay - 4 * product)
    return sinceNine < halfDay ? sine : -sine
  }
}
