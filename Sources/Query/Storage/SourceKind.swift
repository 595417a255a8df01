import Language

/// A kind of source that DEFINE SOURCE knows, and the options that it has. Who runs such a source reads the options by
/// these names, so that a definition that was accepted can be run.
public struct SourceKind: Sendable {
  /// In small letters: `kafka`.
  public var name: String
  public var options: [Option]
  /// Options whose names go on after a dot with what the user says: `header` for `header.Accept`. What that is tells whether
  /// the value is a secret.
  public var families: [String]
  /// Whether INTO TOPIC says something.
  public var hasTopics: Bool
  /// What is wrong with options that are right each on its own; nil when nothing is.
  var check: @Sendable (DefineSource) -> LanguageError.Issue?

  /// `options` in the order in which messages list them; those of ``mappingOptions`` all kinds have that documents come from.
  public init(
    _ name: String, hasTopics: Bool = false, isTarget: Bool = false, _ options: [Option],
    families: [String] = [],
    check: @escaping @Sendable (DefineSource) -> LanguageError.Issue? = { _ in nil }
  ) {
    (self.name, self.hasTopics, self.families) = (name, hasTopics, families)
    self.options = options + (isTarget ? [] : Self.mappingOptions)
    self.check = check
  }

  /// What is made of documents: see `DocumentMapping`.
  public static let mappingOptions = [
    Option("records", .text), Option("unnest", .text), Option("rename", .texts),
    Option("constants", .texts),
  ]

  /// One thing that can be said of a source.
  public struct Option: Sendable {
    public var name: String
    public var type: ValueType
    public var isRequired: Bool
    /// What a text has to be beyond its type, in words, and whether it is; one that is referred to is seen when it is used.
    var form: (words: String, isMet: @Sendable (String) -> Bool)?

    public init(
      _ name: String, _ type: ValueType, isRequired: Bool = false,
      form: (words: String, isMet: @Sendable (String) -> Bool)? = nil
    ) {
      (self.name, self.type, self.isRequired, self.form) = (name, type, isRequired, form)
    }

    /// Why it cannot have a value, by what it takes; nil when it can.
    func expectation(_ value: OptionValue) -> String? {
      if let expectation = type.expectation(value) { return expectation }
      guard let form else { return nil }
      return value.plainTexts.allSatisfy(form.isMet) ? nil : form.words
    }
  }

  /// What an option takes. A text may be a reference to where it is found, unless it is one of a few.
  public enum ValueType: Sendable, Equatable {
    case text
    /// One text, or a list of them.
    case texts
    /// A text that nobody may read: only by reference.
    case secret
    case choice([String])
    /// One of a few texts, or a list of them.
    case choices([String])
    /// A whole number.
    case number(ClosedRange<Int>)
    case bool
    case length
    /// What a client's library takes: a text, a number, a truth value, passed on as it is.
    case scalar
  }

  /// All kinds. O(1).
  public static let all: [SourceKind] = [kafka, http]
  /// What options of targets are of. O(1).
  static let targets: [SourceKind] = [kafkaTopic, webhook]

  func option(_ name: String) -> Option? {
    if let option = options.first(where: { $0.name == name }) { return option }
    guard let family = families.first(where: { name.hasPrefix("\($0).") }) else { return nil }
    return Option(
      name, SecretNames.has(name.dropFirst(family.count + 1)) ? .secret : .scalar)
  }

  /// Whether an option could show a secret, where it stands: one that has to be a reference, that is not known, or a URL with
  /// one in it.
  func mayShowSecret(_ option: SourceOption) -> Bool {
    switch self.option(option.name.path.string)?.type {
    case nil, .secret?: return true
    case .text?:
      guard case .text(let text) = option.value else { return false }
      return SecretNames.secret(inURL: text) != nil
    default: return false
    }
  }
}

extension SourceKind.ValueType {
  /// Why a value is none of this type, by what would be one; nil when it is.
  func expectation(_ value: OptionValue) -> String? {
    switch (self, value) {
    case (.text, .text), (.text, .reference), (.secret, .reference), (.bool, .bool),
      (.length, .length), (.length, .milliseconds), (.texts, .text), (.texts, .reference),
      (.scalar, .text),
      (.scalar, .number), (.scalar, .bool), (.scalar, .reference):
      return nil
    case (.texts, .list(let values)):
      return values.allSatisfy { SourceKind.ValueType.text.expectation($0) == nil } ? nil : expected
    case (.choice(let words), .text(let text)) where words.contains(text): return nil
    case (.choices(let words), .text(let text)) where words.contains(text): return nil
    case (.choices(let words), .list(let values)):
      let isKnown = values.allSatisfy { SourceKind.ValueType.choice(words).expectation($0) == nil }
      return isKnown ? nil : expected
    case (.number(let range), .number(let number, _)):
      let isWithin = Int(exactly: number).map { range.contains($0) } ?? false
      return isWithin ? nil : expected
    default: return expected
    }
  }

  private var expected: String {
    switch self {
    case .text: "a text in single quotes"
    case .texts: "a text in single quotes, or a list of them"
    case .secret: "env('NAME') or file('/path')"
    case .choice(let words): "one of \(Self.listed(words))"
    case .choices(let words): "some of \(Self.listed(words))"
    case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .bool: "TRUE or FALSE"
    case .length: "a length of time without quotes, such as 5s or 250ms"
    case .scalar: "a text, a number, TRUE or FALSE"
    }
  }

  private static func listed(_ words: [String]) -> String {
    words.map { "'\($0)'" }.joined(separator: ", ")
  }
}

extension DefineSource {
  /// The value of an option; nil when it is not given. O(options).
  public subscript(_ option: String) -> OptionValue? { options[option] }

  /// The statement as it may be kept where it was refused: without texts that could be secrets, which are all but those of
  /// options that are known and none.
  public var withoutSecrets: DefineSource {
    var redacted = self
    redacted.options.redact(SourceKind.all.first { $0.name == self.kind.value })
    return redacted
  }
}

extension TargetCall {
  /// As ``DefineSource/withoutSecrets``.
  public var withoutSecrets: TargetCall {
    var redacted = self
    redacted.options.redact(SourceKind.targets.first { $0.name == kind })
    if SecretNames.secret(inURL: argument.value) != nil { redacted.argument.value = "***" }
    return redacted
  }
}

extension [SourceOption] {
  /// The value of an option; nil when it is not given. O(options).
  public subscript(_ option: String) -> OptionValue? {
    first { $0.name.path.string == option }?.value
  }

  fileprivate mutating func redact(_ kind: SourceKind?) {
    for index in indices where kind?.mayShowSecret(self[index]) != false {
      self[index].value.redact()
    }
  }
}

extension OptionValue {
  /// Where a value is said to be found.
  public static let referenceKinds = ["env", "file"]

  /// Whether it says where the value is, and not what it is.
  var isReference: Bool { if case .reference = self { true } else { false } }

  fileprivate mutating func redact() {
    switch self {
    case .text: self = .text("***")
    case .list(var values):
      for index in values.indices { values[index].redact() }
      self = .list(values)
    case .number, .bool, .length, .milliseconds, .reference: break
    }
  }
}
