/// One measure of the machine in a large document, in ten-thousandths of its unit.
struct LargeMetric: Sendable {
  /// The beginning of a reading, up to the value.
  let opening: [UInt8]
  private let mean: Int
  /// Largest step between two samples.
  private let reach: Int
  private var noise = SlowNoise()

  /// `mean` and `reach` in ten-thousandths.
  private init(_ name: String, mean: Int, reach: Int) {
    opening = Array("{\"metric\":\"\(name)\",\"value\":".utf8)
    self.mean = mean
    self.reach = reach
  }

  /// The next sample. O(1).
  mutating func sample(using random: inout Xoshiro256StarStar) -> Int {
    noise.step(bits: random.next(), reach: reach, pull: 32)
    return mean + noise.value
  }

  /// The measures of a press: vibration in mm/s, temperature in degrees Celsius, pressure in bar,
  /// flow in l/min, force in kN, torque in Nm, and so on.
  static let press: [LargeMetric] = [
    LargeMetric("vibration_x", mean: 1_200, reach: 300),
    LargeMetric("vibration_y", mean: 1_500, reach: 300),
    LargeMetric("vibration_z", mean: 900, reach: 200),
    LargeMetric("acoustic_level", mean: 715_000, reach: 9_000),
    LargeMetric("motor_current", mean: 124_000, reach: 4_000),
    LargeMetric("motor_voltage", mean: 3_998_000, reach: 6_000),
    LargeMetric("motor_temperature", mean: 583_000, reach: 900),
    LargeMetric("bearing_temperature", mean: 451_000, reach: 700),
    LargeMetric("oil_temperature", mean: 412_000, reach: 500),
    LargeMetric("oil_pressure", mean: 1_803_000, reach: 12_000),
    LargeMetric("oil_flow", mean: 326_000, reach: 2_500),
    LargeMetric("coolant_temperature", mean: 224_000, reach: 300),
    LargeMetric("coolant_flow", mean: 181_000, reach: 1_200),
    LargeMetric("air_pressure", mean: 62_000, reach: 250),
    LargeMetric("spindle_speed", mean: 14_800_000, reach: 30_000),
    LargeMetric("torque", mean: 862_000, reach: 8_000),
    LargeMetric("ram_position", mean: 3_150_000, reach: 90_000),
    LargeMetric("ram_force", mean: 9_400_000, reach: 120_000),
    LargeMetric("strain", mean: 4_200, reach: 600),
    LargeMetric("power", mean: 78_000, reach: 1_500),
  ]
}
