import Language

/// Where answers go that nobody waits for.
public enum Target: Sendable, Equatable {
  /// A stream of the store, by its name.
  case stream(String)
  /// A file, by its path within the directory that the server has for them. `{date}` and `{time}` in it stand for the time
  /// of the run.
  case file(String, AnswerFormat)
  /// Whoever listens at a URL, by ``SourceKind/webhook``'s options.
  case webhook([SourceOption])
  /// A topic of Kafka, by ``SourceKind/kafkaTopic``'s options.
  case kafka([SourceOption])

  /// Throws what is wrong with it.
  public init(_ call: TargetCall) throws(LanguageError.Issue) {
    let text = call.argument.value
    if !call.options.isEmpty, Self.kindsOfText.contains(call.kind) {
      throw LanguageError.Issue(
        call.span, "\(call.kind) takes one text in single quotes, and no options",
        hint: "for example stream('name'), file('name.csv') or webhook('https://...')")
    }
    switch call.kind {
    case "stream": self = .stream(text)
    case "file": self = .file(text, try Self.format(ofFile: call.argument))
    case SourceKind.webhook.name: self = .webhook(try Self.webhook(call))
    case SourceKind.kafkaTopic.name:
      if call.options.isEmpty {
        throw LanguageError.Issue(
          call.span, "kafka takes options, and not one text",
          hint: "for example kafka(brokers 'localhost:9092', topic 'rows')")
      }
      if let issue = SourceKind.kafkaTopic.issue(with: call.options, at: call.span) { throw issue }
      self = .kafka(call.options)
    default:
      throw LanguageError.Issue(
        call.span, "there is no target \(call.kind)",
        hint: "there are stream, file, webhook and kafka")
    }
  }

  /// What braces in the name of a file may have in them.
  private static let placeholders = ["date", "time"]

  private static let kindsOfText = ["stream", "file"]

  private static func webhook(_ call: TargetCall) throws(LanguageError.Issue) -> [SourceOption] {
    let kind = SourceKind.webhook
    guard call.options.isEmpty else {
      if let issue = kind.issue(with: call.options, at: call.span) { throw issue }
      return call.options
    }
    let text = call.argument
    // Not shown: it may be a password.
    if SecretNames.secret(inURL: text.value) == "password" {
      throw LanguageError.Issue(
        text.span, "the address of a webhook has a user, which would stand in the log for good",
        hint:
          "leave out what stands before the @, and write webhook(url '...', header.Authorization env('NAME'))"
      )
    }
    guard SourceKind.url(of: text.value) != nil else {
      throw LanguageError.Issue(
        text.span, "'\(text.value)' is no address of a webhook",
        hint: "it is a URL of http or https without a user, such as https://example.com/in")
    }
    return [SourceOption(FieldPath("url"), .text(text.value), span: text.span)]
  }

  /// The forms of files, by the ends of their names.
  private static let formats: [String: AnswerFormat] = [
    "csv": .csv, "tsv": .tsv, "ndjson": .ndjson,
  ]

  private static func format(
    ofFile path: Spanned<String>
  ) throws(LanguageError.Issue) -> AnswerFormat {
    let parts = path.value.split(separator: "/", omittingEmptySubsequences: false)
    let isWithin = parts.allSatisfy { part in
      !part.isEmpty && !part.hasPrefix(".") && !part.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }
    guard isWithin else {
      throw LanguageError.Issue(
        path.span, "'\(path.value)' is no path within the directory of outputs",
        hint: "write it from there on, without . and .., such as 'reports/{date}.csv'")
    }
    for found in path.value.matches(of: #/\{([^{}]*)\}/#) where !placeholders.contains("\(found.1)")
    {
      throw LanguageError.Issue(
        path.span, "\(found.0) in the name of a file stands for nothing",
        hint: Spelling.nearest(String(found.1), placeholders).map { "did you mean {\($0)}?" }
          ?? "there are \(placeholders.map { "{\($0)}" }.joined(separator: " and "))")
    }
    let end = parts.last?.split(separator: ".").last.map { $0.lowercased() } ?? ""
    guard parts.last?.contains(".") == true, let format = formats[end] else {
      throw LanguageError.Issue(
        path.span, "the end of '\(path.value)' names no form of a file",
        hint: "it is .csv, .tsv or .ndjson")
    }
    return format
  }
}
