/// Sources that the server fetches from.
extension Printer {
  mutating func defineSource(_ source: DefineSource) {
    text += "DEFINE SOURCE \(source.name.canonicalText) FROM \(source.kind.value)("
    options(source.options)
    text += ") INTO "
    sourceTarget(source.target)
  }

  mutating func options(_ options: [SourceOption]) {
    list(options) { printer, option in
      printer.text += "\(option.name.canonicalText) "
      printer.optionValue(option.value)
    }
  }

  mutating func sourceTarget(_ target: SourceTarget) {
    switch target {
    case .stream(let name): text += Self.streamOfSource(name)
    case .field(let field): text += "FIELD \(field.canonicalText)"
    case .topic: text += "TOPIC"
    }
  }

  /// INTO TOPIC is no stream of that name.
  private static func streamOfSource(_ name: Name) -> String {
    asciiLowercased(name.text) == Word.topic.rawValue ? "\"\(name.text)\"" : name.canonicalText
  }

  private mutating func optionValue(_ value: OptionValue) {
    switch value {
    case .text(let value): text += Self.string(value)
    case .number(_, let digits): text += digits
    case .bool(let value): text += value ? "TRUE" : "FALSE"
    case .length(let length): text += length.canonicalText
    case .milliseconds(let count): text += "\(count)ms"
    case .reference(let kind, let argument): text += "\(kind)(\(Self.string(argument)))"
    case .list(let values):
      text += "("
      list(values) { $0.optionValue($1) }
      text += ")"
    }
  }
}

extension SourceTarget {
  /// As it stands after INTO.
  public var canonicalText: String {
    var printer = Printer()
    printer.sourceTarget(self)
    return printer.text
  }
}
