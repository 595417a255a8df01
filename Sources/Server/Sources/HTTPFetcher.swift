import FileConnector
import Foundation
import HTTPConnector
import Language
import Model
import Query
import Store

/// Asks servers of HTTP, as DEFINE SOURCE says.
struct HTTPFetcher: SourceFetcher {
  private let source: DefinedSource
  private let context: SourceContext

  /// Throws ``SourceOptionError``.
  init(_ source: DefinedSource, _ context: SourceContext) throws {
    (self.source, self.context) = (source, context)
    _ = try HTTPSourceSettings(source.definition)
  }

  func fetch(_ run: SourceRun) throws {
    let definition = source.definition
    try HTTPPolling(
      context.store, run, clock: context.clock,
      settings: { try HTTPSourceSettings(definition) }
    ).run()
  }
}

extension SourceRun: PollingHooks {}

extension DocumentMapping {
  /// What a statement says. Throws ``SourceOptionError``, and `MappingError`.
  init(_ options: SourceOptions) throws {
    try self.init(
      records: try options.text("records"), unnest: try options.text("unnest"),
      renames: try options.texts("rename"), constants: try options.texts("constants"))
  }
}

extension HTTPSourceSettings {
  /// What a statement says, with what it refers to as that is now. Throws ``SourceOptionError``.
  init(_ definition: DefineSource) throws {
    let options = SourceOptions(definition)
    let target = DocumentTarget(definition)
    let format = try options.text("format").flatMap { FileFormat(rawValue: $0) } ?? .json
    self.init(
      name: definition.name.text, request: try RequestTemplate(options),
      contents: AnswerContents(
        format: format, mapping: try DocumentMapping(options),
        stray: (target.stray, { target.strayReason(of: $0) }),
        stream: { target.stream(of: $0) }))
    items = try options.texts("items")
    if let ns = try options.lengthNs("every") { everyNs = ns }
    paging = try AnswerPaging(options)
    isEndless = options.bool("endless") == true
    if !isEndless, options.bool("keep") != false {
      keptIn = try options.text("keep_in") ?? "\(target.stray)_answers"
    }
    limits = try RequestLimits(options)
  }
}

extension RequestTemplate {
  /// What `url`, `method`, `body`, `user`, `password`, `header.NAME` and `query.NAME` say. Throws ``SourceOptionError``.
  init(_ options: SourceOptions) throws {
    self.init(url: try options.part("url") ?? Part(""))
    method = try options.text("method") ?? "GET"
    body = try options.part("body")
    for option in options.options {
      let name = option.name.path.string
      guard let dot = name.firstIndex(of: "."), let value = try options.part(name) else { continue }
      let own = String(name[name.index(after: dot)...])
      if name.hasPrefix("header.") { headers.append((own, value)) }
      if name.hasPrefix("query.") { query.append((own, value)) }
    }
    if let password = try options.text("password") {
      let pair = "\(try options.text("user") ?? ""):\(password)"
      headers.append(
        ("Authorization", Part("Basic \(Data(pair.utf8).base64EncodedString())", isSecret: true)))
    }
    if body != nil, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
      headers.append(("Content-Type", Part("application/json")))
    }
  }
}

extension AnswerPaging {
  /// Throws ``SourceOptionError``.
  fileprivate init(_ options: SourceOptions) throws {
    self.init()
    kind = try options.text("paging").flatMap { Kind(rawValue: $0) } ?? .none
    nextPath = try options.text("next")
    hasMorePath = try options.text("has_more")
    parameter = try options.text("parameter")
    first = try options.text("first")
    pageSize = options.number("page_size")
    sizeParameter = try options.text("size_parameter")
    if let count = options.number("max_pages") { maxPages = count }
  }
}

extension RequestLimits {
  /// Throws ``SourceOptionError``.
  fileprivate init(_ options: SourceOptions) throws {
    self.init()
    func milliseconds(_ name: String) throws -> Int? {
      try options.lengthNs(name).map { Int($0 / 1_000_000) }
    }
    if let length = try milliseconds("connect_timeout") { connectTimeoutMs = length }
    if let length = try milliseconds("timeout") { timeoutMs = length }
    if let length = try milliseconds("silence") { silenceMs = length }
    if let count = options.number("max_bytes") { maxBodyBytes = count }
    if let count = options.number("max_redirects") { maxRedirects = count }
    perMinute = options.number("requests_per_minute")
    allowedHosts = Set(try options.texts("allow").map { $0.lowercased() })
    caFile = try options.text("ca_file")
  }
}

extension SourceOptions {
  /// A part of a request: secret where it is a reference.
  fileprivate func part(_ name: String) throws -> RequestTemplate.Part? {
    guard let text = try text(name) else { return nil }
    if case .reference? = options[name] { return RequestTemplate.Part(text, isSecret: true) }
    return RequestTemplate.Part(text)
  }
}
