import Bytes

/// The name of a field of an event, its levels parted by dots: `readings.value`.
public struct FieldPath: Sendable, Hashable {
  /// The levels joined by dots, without quotes.
  public var path: Text
  /// Where it stands in its text.
  public var span: TextSpan

  /// `path` is its levels joined by dots, without quotes.
  public init(_ path: Text, span: TextSpan = .none) {
    self.path = path
    self.span = span
  }

  /// The same from a string.
  public init(_ path: String, span: TextSpan = .none) { self.init(Text(path), span: span) }
}
