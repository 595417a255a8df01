import Bytes
import Language

/// Statements about sources that the server fetches from.
extension StatementRun {
  /// What can be said of a source with a place in the text.
  func check(_ source: DefineSource) throws {
    if try store.definedSources().contains(where: { $0.name == source.name.text }) {
      throw error(
        source.name.span, "there is a source \(source.name.text) already",
        hint:
          "DROP SOURCE \(source.name.canonicalText) first: its positions stay, and one of its name goes on from them"
      )
    }
    let names = SourceKind.all.map(\.name)
    guard let kind = SourceKind.all.first(where: { $0.name == source.kind.value }) else {
      throw error(
        source.kind.span, "there is no kind of source \(source.kind.value)",
        hint: Spelling.nearest(source.kind.value, names).map { "did you mean \($0)?" }
          ?? "there is \(names.joined(separator: ", "))")
    }
    for option in source.options { try check(option, of: kind) }
    let given = source.options.map(\.name.path.string)
    if let missing = kind.options.first(where: { $0.isRequired && !given.contains($0.name) }) {
      throw error(
        source.kind.span, "\(kind.name) has to have \(missing.name)",
        hint: "it takes \(kind.ownOptions.joined(separator: ", "))")
    }
    try check(source.target, of: kind)
  }

  private func check(_ option: SourceOption, of kind: SourceKind) throws {
    let name = option.name.path.string
    guard let known = kind.option(name) else {
      throw error(
        option.name.span, "\(kind.name) has no option \(name)",
        hint: Spelling.nearest(name, kind.options.map(\.name)).map { "did you mean \($0)?" }
          ?? "it takes \(kind.ownOptions.joined(separator: ", ")), and options of its client by their names"
      )
    }
    if let reference = option.value.references.first(where: {
      !OptionValue.referenceKinds.contains($0)
    }) {
      throw error(
        option.span, "\(reference)(...) is no place that a value is found in",
        hint: "write env('NAME') or file('/path')")
    }
    guard let expectation = known.type.expectation(option.value) else { return }
    if known.type == .secret {
      // The value is in no message: the text is shown up to the place before it.
      throw LanguageError(
        issues: [
          LanguageError.Issue(
            option.name.span, "\(name) is a secret, which would stand in the log for good",
            hint: "write \(name) \(expectation), where the server finds it when it connects")
        ], text: text.masked(option.span))
    }
    throw error(option.span, "\(name) takes \(expectation)")
  }

  private func check(_ target: SourceTarget, of kind: SourceKind) throws {
    switch target {
    case .stream(let name):
      if catalogue.isSystem(name.text) || catalogue.kpis.contains(where: { $0.name == name.text }) {
        throw error(name.span, "\(name.text) is no stream that events can go to")
      }
    case .field: break
    case .topic:
      if !kind.hasTopics {
        throw StatementError("\(kind.name) has no topics: write INTO and the name of a stream")
      }
    }
  }

  func defineSource(_ source: DefineSource, _ span: TextSpan) throws -> Answer {
    try check(source)
    try writableStore(span).defineSource(source)
    var answer = Answer(message: "source \(source.name.text) is defined")
    answer.meta.notes.append("nilo serve fetches from it; SHOW SOURCES says how that goes")
    return answer
  }

  func definedSource(_ name: Name) throws -> DefinedSource {
    try find("source", name, in: store.definedSources(), \.name)
  }

  func dropSource(_ name: Name, _ span: TextSpan) throws -> Answer {
    let source = try definedSource(name)
    try writableStore(span).dropSource(source.name)
    return Answer(
      message: "source \(source.name) is dropped; its events stay, and how far it has got")
  }

  func pauseSource(_ name: Name, _ span: TextSpan) throws -> Answer {
    let source = try definedSource(name)
    if source.isPaused { return Answer(message: "source \(source.name) is paused already") }
    try writableStore(span).pauseSource(source.name)
    return Answer(message: "source \(source.name) is paused")
  }

  /// One that is not paused may have stopped: it is resumed all the same.
  func resumeSource(_ name: Name, _ span: TextSpan) throws -> Answer {
    let source = try definedSource(name)
    try writableStore(span).resumeSource(source.name)
    return Answer(message: "source \(source.name) is resumed")
  }

  /// What is defined, and then who has brought events into which stream.
  func sources(_ show: Show) throws -> Answer {
    var list = try PickedList(
      [
        "stream": .text, "source": .text, "watermark": .time, "state": .text, "kind": .text,
        "events": .integer, "rejected": .integer, "per_second": .number, "lag": .integer,
        "since": .time, "error": .text, "statement": .text,
      ], show, self)
    let streams = try listed(show)
    for source in try store.definedSources() {
      let stream = source.definition.target.stream
      if show.from != nil, !streams.contains(where: { $0.name == stream }) { continue }
      let status = source.status
      try list.add(
        .text(optional: stream.map { Text($0) }), .text(source.name), .null,
        .text(source.stateText),
        .text(source.definition.kind.value), status.map { .count($0.events) } ?? .null,
        status.map { .count($0.rejected) } ?? .null,
        status.map { .number($0.eventsPerSecond) } ?? .null,
        status?.lag.map { .count($0) } ?? .null, .time(optional: status?.sinceNs),
        .text(optional: status?.failure.map { Text($0) }), .text(source.statement))
    }
    for stream in streams {
      for source in try store.sources(ofStream: stream.name) {
        try list.add(
          .text(stream.name), .text(source.name), .time(optional: source.watermarkNs),
          .text(source.isOpen ? "open" : "closed"), .null, .null, .null, .null, .null, .null,
          .null, .null)
      }
    }
    return try list.answer()
  }
}

extension SourceTarget {
  /// The stream that all events go to; nil when there may be several.
  fileprivate var stream: String? {
    if case .stream(let name) = self { name.text } else { nil }
  }
}

extension SourceKind {
  /// The options that are not of the client's library.
  fileprivate var ownOptions: [String] { options.map(\.name).filter { !$0.contains(".") } }
}

extension OptionValue {
  /// The kinds of all references in it.
  fileprivate var references: [String] {
    switch self {
    case .reference(let kind, _): [kind]
    case .list(let values): values.flatMap(\.references)
    case .text, .number, .bool, .length: []
    }
  }
}

extension String {
  /// With stars in the place of a span, always as many.
  fileprivate func masked(_ span: TextSpan) -> String {
    var bytes = Array(utf8)
    let end = min(span.end, bytes.count)
    bytes.replaceSubrange(min(span.start, end)..<end, with: "'***'".utf8)
    return String(decoding: bytes, as: UTF8.self)
  }
}
