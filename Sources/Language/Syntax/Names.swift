import Bytes

/// A value and the place it was read from. Two are equal when their values are.
public struct Spanned<Value: Sendable & Equatable>: Sendable, Equatable {
  public var value: Value
  public var span: SourceSpan

  public init(_ value: Value, span: SourceSpan = .none) {
    self.value = value
    self.span = span
  }
}

/// The name of a stream or KPI.
public struct Name: Sendable, Hashable {
  /// Without quotes; dots part its levels, if it has any.
  public var text: String
  public var span: SourceSpan

  public init(_ text: String, span: SourceSpan = .none) {
    self.text = text
    self.span = span
  }
}

/// `$name`: a value that is bound outside of the text.
public struct Parameter: Sendable, Hashable {
  /// Without the `$`.
  public var name: Text
  public var span: SourceSpan

  public init(_ name: Text, span: SourceSpan = .none) {
    self.name = name
    self.span = span
  }
}
