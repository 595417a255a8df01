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
    if let issue = SourceKind.issue(with: source) {
      let kind = SourceKind.all.first { $0.name == source.kind.value }
      throw LanguageError(issues: [issue], text: shown(issue, source.options, kind))
    }
    guard case .stream(let name) = source.target else { return }
    if catalogue.isSystem(name.text) || catalogue.kpis.contains(where: { $0.name == name.text }) {
      throw error(name.span, "\(name.text) is no stream that events can go to")
    }
    if let fault = store.faultOfName(name.text) { throw error(name.span, fault) }
  }

  /// The text that an issue is shown in: without the secret that it may be about, which stands behind its place.
  func shown(
    _ issue: LanguageError.Issue, _ options: [SourceOption], _ kind: SourceKind?
  ) -> String {
    let option = options.first {
      $0.name.span.start == issue.span.start || $0.span.start == issue.span.start
    }
    // The value of an option that nobody knows is what its author wants to see.
    guard let option, let kind, kind.option(option.name.path.string) != nil,
      kind.mayShowSecret(option), !option.value.isReference
    else { return text }
    return text.masked(option.span)
  }

  func defineSource(_ source: DefineSource, _ span: TextSpan) throws -> Answer {
    try check(source)
    try writableStore(span).defineSource(source)
    var answer = Answer(message: "source \(source.name.text) is defined")
    answer.meta.notes.append("nilo serve fetches from it; SHOW SOURCES says how that goes")
    if let stream = streamOfRepeats(source) {
      answer.meta.notes.append(
        "its pages are read anew with each poll, and stream \(stream) does not tell what it has already: DEFINE STREAM "
          + "or ALTER STREAM \(Name(stream).canonicalText) with DEDUP BY and the field that is the id of a record"
      )
    }
    return answer
  }

  /// The stream of a source that reads a list from its beginning each time, where records have no id that is known.
  private func streamOfRepeats(_ source: DefineSource) -> String? {
    guard case .text(let paging)? = source["paging"], ["link", "next", "page"].contains(paging),
      case .stream(let name) = source.target
    else { return nil }
    let stream = catalogue.streams.first { $0.name == name.text }
    return stream?.dedupPaths.isEmpty == false ? nil : name.text
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

  /// One that is not paused may have stopped, or wait to be tried again: it is resumed all the same.
  func resumeSource(_ name: Name, _ span: TextSpan) throws -> Answer {
    let source = try definedSource(name)
    if !source.isPaused, source.status?.state == .running {
      return Answer(message: "source \(source.name) is running already")
    }
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

extension String {
  /// With stars in the place of a span, always as many.
  func masked(_ span: TextSpan) -> String {
    var bytes = Array(utf8)
    let end = min(span.end, bytes.count)
    bytes.replaceSubrange(min(span.start, end)..<end, with: "'***'".utf8)
    return String(decoding: bytes, as: UTF8.self)
  }
}
