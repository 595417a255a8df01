/// Writes fleet events as lines of JSON.
///
/// All up to the temperature has a fixed width: it is kept as one template whose digits are
/// overwritten, and copied as a block. The rest is appended piece by piece.
struct FleetLine: Sendable {
  private var head: [UInt8] = []
  private let eventIDOffset: Int
  private let deviceOffset: Int
  private let deviceWidth: Int
  private let siteOffset: Int
  private let dateOffset: Int
  /// The day now in the template, counted from 1970.
  private var day = 0
  private let humidityKey = Array(#","humidity":"#.utf8)
  private let pressureKey = Array(#","pressure":"#.utf8)
  /// The last field and the end of the line, by the raw value of the status.
  private let tails = FleetStatus.allCases.map { Array(",\"status\":\"\($0)\"}\n".utf8) }

  /// `devices` decides the width of the device number: five digits, or six above 100,000.
  init(devices: Int) {
    deviceWidth = devices > 100_000 ? 6 : 5
    head.append(ascii: #"{"event_id":""#)
    eventIDOffset = head.count
    head.append(ascii: #"0000000000000000","device_id":"device-"#)
    deviceOffset = head.count
    head.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: deviceWidth))
    head.append(ascii: #"","site":"site-"#)
    siteOffset = head.count
    head.append(ascii: #"00","timestamp":""#)
    dateOffset = head.count
    head.append(ascii: #"1970-01-01T00:00:00.000Z","temperature":"#)
  }

  /// Appends one line with its newline. O(1).
  mutating func append(_ reading: FleetReading, to bytes: inout [UInt8]) {
    let device = Int(reading.device)
    head.overwrite(at: eventIDOffset, hexOf: reading.eventID)
    head.overwrite(at: deviceOffset, digitsOf: device, width: deviceWidth)
    head.overwrite(at: siteOffset, digitsOf: device % FleetWorkload.siteCount + 1, width: 2)
    overwriteTimestamp(reading.timestampMs)
    bytes.append(contentsOf: head)
    bytes.append(hundredths: Int(reading.temperatureHundredths))
    bytes.append(contentsOf: humidityKey)
    bytes.append(tenths: Int(reading.humidityTenths))
    bytes.append(contentsOf: pressureKey)
    bytes.append(hundredths: Int(reading.pressureHundredths))
    bytes.append(contentsOf: tails[Int(reading.status.rawValue)])
  }

  private mutating func overwriteTimestamp(_ timestampMs: Int64) {
    let (newDay, ofDayMs) = timestampMs.quotientAndRemainder(dividingBy: TimestampText.dayMs)
    if Int(newDay) != day {
      day = Int(newDay)
      TimestampText.overwriteDate(ofDay: day, at: dateOffset, in: &head)
    }
    let (second, millisecond) = Int(ofDayMs).quotientAndRemainder(dividingBy: 1_000)
    TimestampText.overwriteTime(ofSecond: second, at: dateOffset + 11, in: &head)
    head.overwrite(at: dateOffset + 20, digitsOf: millisecond, width: 3)
  }
}
