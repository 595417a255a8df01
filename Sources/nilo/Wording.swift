import Terminal

/// Numbers as people read them.
enum Wording {
  /// With a comma between thousands.
  static func count(_ value: some BinaryInteger) -> String {
    let digits = String(value.magnitude)
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// "12.3 MiB"; below 1 KiB "512 B".
  static func bytes(_ value: some BinaryInteger) -> String {
    var size = Double(value)
    if size < 1024 { return "\(count(value)) B" }
    var unit = 0
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"]
    size /= 1024
    // What would round to 1024.0 is one of the next unit.
    while size >= 1023.95 && unit < units.count - 1 {
      size /= 1024
      unit += 1
    }
    return "\(decimal(size)) \(units[unit])"
  }

  /// "5, 1.7 KiB": how many blocks, and their bytes.
  static func blocks(_ count: Int, _ bytes: UInt64) -> String {
    "\(self.count(count)), \(self.bytes(bytes))"
  }

  /// One decimal, and a comma between thousands.
  static func decimal(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(count(tenths / 10)).\(tenths.magnitude % 10)"
  }

  /// "0.42 s", "3 min 12 s", "2 h 5 min", "3 d 4 h".
  static func seconds(_ value: Double) -> String {
    if value < 60 {
      let hundredths = Int64((value * 100).rounded())
      let rest = hundredths % 100
      return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) s"
    }
    return seconds(Int64(value.rounded()))
  }

  static func seconds(_ whole: Int64) -> String {
    if whole < 60 { return "\(whole) s" }
    if whole < 3_600 { return "\(whole / 60) min \(whole % 60) s" }
    if whole < 86_400 { return "\(whole / 3_600) h \(whole / 60 % 60) min" }
    return "\(whole / 86_400) d \(whole / 3_600 % 24) h"
  }

  /// Rows of a label and a value, the values aligned.
  static func table(_ rows: [(String, String)], indent: Int = 0) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    let margin = String(repeating: " ", count: indent)
    return rows.map { label, value in
      let gap = String(repeating: " ", count: width - label.count + 2)
      return "\(margin)\(label)\(gap)\(value)"
    }.joined(separator: "\n")
  }

  /// The text with what would steer a terminal escaped, as `\u{1b}`; tabs and the ends of its lines stay. O(bytes).
  static func shown(_ text: String) -> String {
    if text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 || $0 == 0x0A || $0 == 0x09 }) { return text }
    return text.unicodeScalars.map { scalar in
      scalar == "\n" || scalar == "\t" ? String(scalar) : DisplayText.printable(String(scalar))
    }.joined()
  }

  /// The text for a line of a terminal: control characters, which could steer it, as dots.
  static func printable(_ bytes: some Sequence<UInt8>, maxCharacters: Int) -> String {
    let text = String(decoding: Array(bytes), as: UTF8.self)
    let shown = text.prefix(maxCharacters).map { character -> String in
      let isControl = character.unicodeScalars.contains {
        $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
      }
      return isControl ? "." : String(character)
    }
    return shown.joined() + (text.count > maxCharacters ? "…" : "")
  }
}
