/// `DEFINE SOURCE`: where events are fetched from, by the server itself, and what becomes of them.
public struct DefineSource: Sendable, Equatable {
  public var name: Name
  /// The kind of source, in small letters, here not looked into: `kafka`.
  public var kind: Spanned<String>
  /// At least one; no name stands twice.
  public var options: [SourceOption]
  public var target: SourceTarget

  public init(
    _ name: Name, from kind: Spanned<String>, _ options: [SourceOption], into target: SourceTarget
  ) {
    (self.name, self.kind, self.options, self.target) = (name, kind, options, target)
  }
}

/// One thing that is said of a source, or of a target: `brokers 'a:9092'`.
public struct SourceOption: Sendable, Equatable {
  /// Here not looked into; options of a client's library have dots: `security.protocol`.
  public var name: FieldPath
  public var value: OptionValue
  /// Of the value.
  public var span: TextSpan

  public init(_ name: FieldPath, _ value: OptionValue, span: TextSpan = .none) {
    (self.name, self.value, self.span) = (name, value, span)
  }
}

/// The value of an option.
public indirect enum OptionValue: Sendable, Equatable {
  case text(String)
  /// With its digits, as in ``Literal``.
  case number(Double, text: String)
  case bool(Bool)
  case length(TimeLength)
  /// From 1 to ``LanguageLimits/maxTimeAmount``: what is asked of an event or a bucket is in seconds and longer.
  case milliseconds(Int64)
  /// Where the value is found, and not the value: `env('PASSWORD')`. The kind is in small letters, here not looked into.
  case reference(kind: String, argument: String)
  /// At least one value, and no list among them.
  case list([OptionValue])
}

/// Which stream the events of a source go to.
public enum SourceTarget: Sendable, Equatable {
  case stream(Name)
  /// That which a field of the document names.
  case field(FieldPath)
  /// That of the topic's name.
  case topic
}
