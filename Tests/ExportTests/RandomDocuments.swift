import Model
import TestSupport

/// Documents with all that fields can be: few or many values, of one kind or of several, absent ones, nested ones and lists.
struct RandomDocuments {
  private enum Field: CaseIterable {
    case integer, wide, decimal, whole, exponent, boolean, label, text, mixed, list, unsigned, rare
  }

  private var names: [(name: String, field: Field)]
  private var number = 0
  /// Whether each document has an array of readings.
  let isExploded: Bool

  init(_ random: inout SeededGenerator) {
    isExploded = random.oneIn(3)
    names = Field.allCases.filter { _ in !random.oneIn(3) }.map { field in
      (random.pick(["", "a ", "grün,", "x= ", "o.i."]) + "\(field)", field)
    }
    // What the export has itself.
    if random.oneIn(3) { names += [("seq", .integer), ("time_ns", .text)] }
  }

  /// The next ones, some seconds apart, and now and then one that is late.
  mutating func next(_ count: Int, _ random: inout SeededGenerator) -> [String] {
    (0..<count).map { _ in
      number += 1
      let late = random.oneIn(20) ? random.below(200_000) : 0
      let seconds = 1_700_000_000 + 40 * number - late
      let fraction = random.pick(["", ".5", ".123456789", ".000001"])
      var members = [
        "\"timestamp\":\"\(Self.time(seconds, fraction))\"",
        "\"device_id\":\"d\(random.below(4))\"",
      ]
      if isExploded {
        let elements = (0..<random.below(4)).map { _ in
          "{\(fields(&random).joined(separator: ","))}"
        }
        members.append("\"readings\":[\(elements.joined(separator: ","))]")
        members.append("\"load\":\(random.below(100))")
      } else {
        members += fields(&random)
      }
      return "{\(members.joined(separator: ","))}"
    }
  }

  private func fields(_ random: inout SeededGenerator) -> [String] {
    names.compactMap { name, field in
      guard let value = Self.value(field, &random) else { return nil }
      return "\"\(name)\":\(value)"
    }
  }

  /// A value as JSON; nil where there is none.
  private static func value(_ field: Field, _ random: inout SeededGenerator) -> String? {
    if random.oneIn(6) { return random.oneIn(2) ? nil : "null" }
    switch field {
    case .integer: return "\(random.within(-1_000...1_000))"
    case .wide: return "\(Int64(bitPattern: random.word()))"
    case .decimal: return "\(random.below(5_000)).\(random.below(9) + 1)"
    case .whole: return "\(random.below(100)).0"
    case .exponent: return "\(random.below(9) + 1).5e\(random.within(-20...20))"
    case .boolean: return random.oneIn(2) ? "true" : "false"
    case .label: return "\"\(random.pick(["ok", "warn, or not", "\\\"quoted\\\"", "", "日本"]))\""
    case .text: return "\"line\\n\(random.word())\\u00e9\\\\\""
    case .mixed: return random.pick(["7", "true", "\"seven\"", "7.25"])
    case .list: return random.pick(["[1,2]", "[]", "[\"a\"]"])
    case .unsigned: return random.pick(["18446744073709551615", "12"])
    case .rare: return random.oneIn(40) ? "1" : nil
    }
  }

  private static func time(_ seconds: Int, _ fraction: String) -> String {
    let days = Int(Double(seconds) / 86_400)
    let second = seconds - 86_400 * days
    let date = CivilDate(daysSinceEpoch: days)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(date.year)-\(two(date.month))-\(two(date.day))T"
      + "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))\(fraction)Z"
  }
}
