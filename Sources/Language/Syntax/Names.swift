import Bytes

/// A value and the place it was read from. Two are equal when their values are.
public struct Spanned<Value: Sendable & Equatable>: Sendable, Equatable {
  public var value: Value
  public var span: TextSpan

  public init(_ value: Value, span: TextSpan = .none) {
    self.value = value
    self.span = span
  }
}

/// The name of a stream or KPI.
public struct Name: Sendable, Hashable {
  /// Without quotes; dots part its levels, if it has any.
  public var text: String
  public var span: TextSpan

  public init(_ text: String, span: TextSpan = .none) {
    self.text = text
    self.span = span
  }
}

/// `$name`: a value that is bound outside of the text.
public struct Parameter: Sendable, Hashable {
  /// Without the `$`.
  public var name: Text
  public var span: TextSpan

  public init(_ name: Text, span: TextSpan = .none) {
    self.name = name
    self.span = span
  }
}
