/// What is wanted of moments when rows are read, beside how many numbers there are.
struct MomentParts: OptionSet, Sendable {
  let rawValue: UInt8
  /// Sums, those of squares among them.
  static let sums = MomentParts(rawValue: 1)
  /// The least and the greatest number.
  static let extremes = MomentParts(rawValue: 2)
  /// The first and the last number, and where they stand.
  static let ends = MomentParts(rawValue: 4)
  static let all: MomentParts = [.sums, .extremes, .ends]
}
