import Language
import Model

extension SourceKind {
  /// What is wrong with the kind and the options of a source, with its place; nil when nothing is. O(options).
  public static func issue(with source: DefineSource) -> LanguageError.Issue? {
    let names = all.map(\.name)
    guard let kind = all.first(where: { $0.name == source.kind.value }) else {
      return LanguageError.Issue(
        source.kind.span, "there is no kind of source \(source.kind.value)",
        hint: Spelling.nearest(source.kind.value, names).map { "did you mean \($0)?" }
          ?? "there is \(names.joined(separator: ", "))")
    }
    if let issue = kind.issue(with: source.options, at: source.kind.span) { return issue }
    if source.target == .topic, !kind.hasTopics {
      return LanguageError.Issue(
        source.kind.span, "\(kind.name) has no topics",
        hint: "write INTO and the name of a stream")
    }
    return kind.check(source) ?? issue(withMappingOf: source)
  }

  private static func issue(withMappingOf source: DefineSource) -> LanguageError.Issue? {
    for option in source.options {
      // What is referred to is looked at when it is there.
      guard let texts = option.value.texts else { continue }
      do throws(MappingError) {
        switch option.name.path.string {
        case "records": _ = try DocumentMapping(records: texts.first)
        case "unnest": _ = try DocumentMapping(unnest: texts.first)
        case "rename": _ = try DocumentMapping(renames: texts)
        case "constants": _ = try DocumentMapping(constants: texts)
        default: break
        }
      } catch {
        return LanguageError.Issue(option.span, "\(error)")
      }
    }
    return nil
  }

  /// What is wrong with options, or with what is missing of them, which is said of a place.
  func issue(with given: [SourceOption], at place: TextSpan) -> LanguageError.Issue? {
    for option in given {
      if let issue = issue(with: option) { return issue }
    }
    let names = given.map(\.name.path.string)
    guard let missing = options.first(where: { $0.isRequired && !names.contains($0.name) }) else {
      return nil
    }
    return LanguageError.Issue(place, "\(name) has to have \(missing.name)", hint: optionsHint)
  }

  private func issue(with option: SourceOption) -> LanguageError.Issue? {
    let name = option.name.path.string
    guard let known = self.option(name) else {
      return LanguageError.Issue(
        option.name.span, "\(self.name) has no option \(name)",
        hint: Spelling.nearest(name, options.map(\.name)).map { "did you mean \($0)?" }
          ?? optionsHint)
    }
    if let reference = option.value.references.first(where: {
      !OptionValue.referenceKinds.contains($0)
    }) {
      return LanguageError.Issue(
        option.span, "\(reference)(...) is no place that a value is found in",
        hint: "write env('NAME') or file('/path')")
    }
    guard let expectation = known.expectation(option.value) else { return nil }
    if known.type != .secret {
      return LanguageError.Issue(option.span, "\(name) takes \(expectation)")
    }
    return LanguageError.Issue(
      option.name.span, "\(name) is a secret, which would stand in the log for good",
      hint: "write \(name) \(expectation), where the server finds it when it connects")
  }

  private var optionsHint: String {
    let own = options.map(\.name).filter { !$0.contains(".") }
    let named = families.map { "\($0).NAME" }
    let others = own.count < options.count ? ", and options of its client by their names" : ""
    return "it takes \((own + named).joined(separator: ", "))\(others)"
  }
}

extension OptionValue {
  /// The texts that it is; nil where one of them is somewhere else, or none.
  var texts: [String]? {
    switch self {
    case .text(let text): return [text]
    case .list(let values):
      let texts = values.compactMap(\.texts).flatMap(\.self)
      return texts.count == values.count ? texts : nil
    case .number, .bool, .length, .milliseconds, .reference: return nil
    }
  }

  /// The texts in it that are not somewhere else.
  var plainTexts: [String] {
    switch self {
    case .text(let text): [text]
    case .list(let values): values.flatMap(\.plainTexts)
    case .number, .bool, .length, .milliseconds, .reference: []
    }
  }

  /// The kinds of all references in it.
  fileprivate var references: [String] {
    switch self {
    case .reference(let kind, _): [kind]
    case .list(let values): values.flatMap(\.references)
    case .text, .number, .bool, .length, .milliseconds: []
    }
  }
}
