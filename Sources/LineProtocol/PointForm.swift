/// What a document does not say of the line that it was: `2 ffi ns` is one with two tags, two floats, an integer and a
/// timestamp in nanoseconds; `-` stands for no timestamp.
struct PointForm: Equatable {
  var tagCount: Int
  /// A letter for each field, as ``FieldValue/letter`` has it.
  var types: [UInt8]
  var unit: TimestampUnit?

  init(_ point: Point) {
    tagCount = point.tags.count
    types = point.fields.map(\.value.letter)
    unit = point.time?.unit
  }

  /// Nil when it is none.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, let count = Int(words[0]), count >= 0 else { return nil }
    tagCount = count
    types = Array(words[1].utf8)
    if words[2] != "-" {
      guard let unit = TimestampUnit(rawValue: String(words[2])) else { return nil }
      self.unit = unit
    }
  }

  var text: [UInt8] {
    Array("\(tagCount) ".utf8) + types + Array(" \(unit?.rawValue ?? "-")".utf8)
  }
}
