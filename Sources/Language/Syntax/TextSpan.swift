/// A range of bytes of the text that a node or an error was read from.
///
/// All spans are equal to each other, so that two nodes are equal when they mean the same, wherever
/// they were written.
public struct TextSpan: Sendable, Hashable {
  /// The offset of the first byte.
  public var start: Int
  /// The offset after the last byte.
  public var end: Int

  /// Offsets in bytes: half-open, `end` is after the last byte.
  public init(_ start: Int, _ end: Int) {
    self.start = start
    self.end = end
  }

  /// The span of a node that was not read from a text.
  public static let none = TextSpan(0, 0)

  public static func == (_: TextSpan, _: TextSpan) -> Bool { true }
  public func hash(into _: inout Hasher) {}
}
