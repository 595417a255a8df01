import Language
import Model

extension SourceKind {
  /// What is asked for over HTTP again and again, or read as it is sent. Headers and parameters of the URL are options of
  /// their own, `header.Accept` and `query.units`, so that one that is a secret can be a reference.
  public static let http = SourceKind(
    "http",
    [
      Option("url", .text, isRequired: true),
      Option("every", .length),
      Option("method", .choice(["GET", "POST", "PUT"])),
      Option("body", .text),
      Option("items", .texts),
      Option("user", .text),
      Option("password", .secret),
      Option("format", .choice(["json", "ndjson", "csv", "tsv", "senml"])),
      Option("endless", .bool),
      Option("paging", .choice(["link", "next", "cursor", "offset", "page"])),
      Option("next", .text),
      Option("has_more", .text),
      Option("parameter", .text),
      Option("first", .scalar),
      Option("page_size", .number(1...1_000_000)),
      Option("size_parameter", .text),
      Option("max_pages", .number(1...1_000_000)),
      Option("keep", .bool),
      Option("keep_in", .text),
      Option("allow", .texts),
      Option("requests_per_minute", .number(1...60_000)),
      Option("connect_timeout", .length),
      Option("timeout", .length),
      Option("silence", .length),
      Option("max_bytes", .number(1_024...268_435_456)),
      Option("max_redirects", .number(0...20)),
      Option("ca_file", .text),
    ], families: ["header", "query"], check: issue(withHTTP:))

  private static func issue(withHTTP source: DefineSource) -> LanguageError.Issue? {
    issue(withURLOf: source) ?? issue(withPagingOf: source) ?? issue(withTimesOf: source)
      ?? issue(withEndless: source) ?? issue(withPlacesOf: source)
  }

  private static func issue(withURLOf source: DefineSource) -> LanguageError.Issue? {
    guard let option = source.option("url"), case .text(let url) = option.value else { return nil }
    if let name = SecretNames.secret(inURL: url) {
      return LanguageError.Issue(
        option.name.span,
        "\(name) in url looks like a secret, which would stand in the log for good",
        hint: name == "password"
          ? "write user '...', password env('NAME')" : "write query.\(name) env('NAME')")
    }
    let small = url.lowercased()
    if small.hasPrefix("http://") || small.hasPrefix("https://") { return nil }
    return LanguageError.Issue(
      option.span, "url takes a URL of http or https",
      hint: "for example 'https://api.example.org/v1/weather?q={item}'")
  }

  /// What braces in a request may have in them.
  private static let places = ["item", "cursor", "offset", "page", "size"]

  private static func issue(withPlacesOf source: DefineSource) -> LanguageError.Issue? {
    let items = source.option("items")
    var takesItems = false
    for option in source.options {
      guard case .text(let text) = option.value else { continue }
      if text.contains("{item}") {
        takesItems = true
        if items == nil {
          return LanguageError.Issue(
            option.span, "there are no items for {item}", hint: "write items ('a', 'b')")
        }
      }
      guard option.name.path.string == "url",
        let other = text.matches(of: #/\{([a-z_]+)\}/#).map({ String($0.1) })
          .first(where: { !places.contains($0) })
      else { continue }
      return LanguageError.Issue(
        option.span, "url has {\(other)} in it, which stands for nothing",
        hint: "there are \(places.map { "{\($0)}" }.joined(separator: ", "))")
    }
    guard let items, !takesItems else { return nil }
    return LanguageError.Issue(
      items.name.span, "items are asked for by {item}, which is nowhere",
      hint: "for example url 'https://api.example.org/v1/weather?q={item}'")
  }

  private static func issue(withPagingOf source: DefineSource) -> LanguageError.Issue? {
    let paging = source.option("paging")
    let kind = paging?.value.texts?.first ?? "none"
    if let paging, ["next", "cursor"].contains(kind), source.option("next") == nil {
      let what = kind == "next" ? "the URL of the next page" : "the next cursor"
      return LanguageError.Issue(
        paging.span, "paging '\(kind)' has to have next",
        hint: "write next 'meta.next', the path at which an answer has \(what)")
    }
    let users = [
      "next": ["next", "cursor"], "has_more": ["cursor", "offset", "page"],
      "parameter": ["cursor", "offset", "page"], "first": ["cursor", "offset", "page"],
      "max_pages": ["link", "next", "cursor", "offset", "page"],
    ]
    for option in source.options {
      guard let kinds = users[option.name.path.string], !kinds.contains(kind) else { continue }
      let listed = kinds.map { "'\($0)'" }.joined(separator: ", ")
      return LanguageError.Issue(
        option.name.span, "\(option.name.path.string) says something for paging \(listed) only")
    }
    return nil
  }

  private static func issue(withTimesOf source: DefineSource) -> LanguageError.Issue? {
    for name in ["every", "connect_timeout", "timeout", "silence"] {
      guard let option = source.option(name), case .length(let length) = option.value,
        let unitNs = try? BucketLength(parsing: "1\(length.unit.rawValue)").nominalNs
      else { continue }
      let (ns, isTooLong) = length.amount.multipliedReportingOverflow(by: unitNs)
      if isTooLong || ns > 366 * 86_400_000_000_000 {
        return LanguageError.Issue(option.span, "\(name) takes a year at most")
      }
    }
    return nil
  }

  private static func issue(withEndless source: DefineSource) -> LanguageError.Issue? {
    guard source["endless"] == .bool(true) else { return nil }
    // One thread reads one answer.
    let others = ["items", "format", "keep", "keep_in", "timeout", "max_bytes"]
    for option in source.options where others.contains(option.name.path.string) {
      return LanguageError.Issue(
        option.name.span, "\(option.name.path.string) does not go with endless TRUE",
        hint: option.name.path.string == "items"
          ? "define a source for each of them" : "its lines are records, as they come")
    }
    guard let paging = source.option("paging"), paging.value != .text("cursor") else { return nil }
    return LanguageError.Issue(paging.span, "endless TRUE goes with paging 'cursor' only")
  }
}

extension DefineSource {
  fileprivate func option(_ name: String) -> SourceOption? {
    options.first { $0.name.path.string == name }
  }
}
