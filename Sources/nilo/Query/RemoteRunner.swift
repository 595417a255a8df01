import Bytes
import Curl
import Foundation
import Language
import Model
import Query

/// Runs statements on a server.
final class RemoteRunner: StatementRunner {
  private let server: RemoteServer
  private let session = HTTPSession()
  /// What there was when it was last looked at: completion looks at each key.
  private var known: (catalogue: CatalogueSnapshot, at: ContinuousClock.Instant)?

  private static let catalogueAge = Duration.seconds(5)

  init(_ server: RemoteServer) { self.server = server }

  func open(for statements: [Statement]) throws { _ = try catalogue() }

  func close() {}

  /// The server reads the text again, and knows what is in its store.
  func completed(_ error: LanguageError, _ options: QueryOptions) throws -> LanguageError {
    guard let statement = error.statements.first, error.statements.count == 1, !statement.isChange
    else { return error }
    do {
      _ = try run(statement, of: error.text, options)
      return error
    } catch let told as LanguageError {
      return told
    }
  }

  /// The server looks at each statement when it is run.
  func check(_ statements: [Statement], of text: String, _ options: QueryOptions) throws {}

  func catalogue() throws -> CatalogueSnapshot {
    if let known, .now - known.at < Self.catalogueAge { return known.catalogue }
    let streams = try list("/v1/streams", "streams")
    let kpis = try list("/v1/kpis?versions=all", "kpis")
    let catalogue = CatalogueSnapshot(
      streams: streams.values.compactMap(StreamInfo.init),
      kpis: kpis.values.compactMap(KpiInfo.init), system: [], lastSeq: kpis.asOfSeq, ledgerPages: 0)
    known = (catalogue, .now)
    return catalogue
  }

  /// All entries of a list.
  private func list(_ path: String, _ name: String) throws -> (values: [JSONValue], asOfSeq: UInt64)
  {
    var values: [JSONValue] = []
    let seq = try server.forEach(of: name, at: path, session) {
      values.append($0)
      return true
    }
    return (values, seq)
  }

  func run(_ statement: Statement, of text: String, _ options: QueryOptions) throws -> Answer {
    if statement.isChange { known = nil }
    let sent = statement.text.isEmpty ? text : statement.text
    let body = jsonObject { writer in
      writer.field("query", sent)
      writer.field("format", "json")
      if let timeZone = options.timeZone { writer.field("time_zone", timeZone) }
      if !options.parameters.isEmpty {
        writer.field("params", json: Self.json(options.parameters))
      }
    }
    do {
      return try Answer(
        json: server.ask(
          session, "/v1/query", method: "POST", body: body, isCancelled: options.isCancelled))
    } catch let problem as RemoteProblem where !problem.places.isEmpty {
      throw LanguageError(problem, sent: sent, from: statement.span.start, of: text)
    }
  }

  private static func json(_ parameters: [Text: QueryValue]) -> [UInt8] {
    jsonObject { writer in
      for (name, value) in parameters {
        switch value {
        case .null, .top: writer.null(name.string)
        case .bool(let value): writer.field(name.string, value)
        case .integer(let value): writer.field(name.string, value)
        case .unsigned(let value): writer.field(name.string, value)
        case .number(let value): writer.field(name.string, value)
        case .text(let value): writer.field(name.string, value.string)
        case .time(let ns): writer.field(name.string, "\(Timestamp(ns: ns))")
        }
      }
    }
  }
}

extension LanguageError {
  /// A problem with places in a part of `text` that was sent, which begins at the byte `start`.
  fileprivate init(_ problem: RemoteProblem, sent: String, from start: Int, of text: String) {
    let issues = problem.places.map { place in
      let offset = Self.offset(line: place.line, column: place.column, in: sent)
      let first = text.utf8.count >= start + sent.utf8.count ? start : 0
      return Issue(
        TextSpan(first + offset, first + offset + 1), place.message, hint: place.hint)
    }
    self.init(issues: issues, text: text)
  }

  /// Lines and columns, in characters (Unicode scalars), count from 1.
  private static func offset(line: Int, column: Int, in text: String) -> Int {
    var (line, column, offset) = (line, column, 0)
    for scalar in text.unicodeScalars {
      if line == 1, column == 1 { break }
      offset += UTF8.width(scalar)
      if line == 1 { column -= 1 } else if scalar == "\n" { line -= 1 }
    }
    return offset
  }
}

/// What the server tells of streams and KPIs, as far as prompts and completion look at it.

extension StreamInfo {
  fileprivate init?(_ value: JSONValue) {
    guard let name = value["name"]?.string else { return nil }
    self.init(name: name, timePath: "", latenessNs: 0)
    events = value["events"]?.unsigned ?? 0
    facts = value["facts"]?.unsigned ?? 0
    fields = (value["fields"]?.array ?? []).compactMap { field in
      guard let path = field["path"]?.string else { return nil }
      return Field(
        path: Text(path), kind: field["kind"]?.string.flatMap(Field.Kind.init) ?? .mixed,
        hasColumn: field["has_column"]?.bool ?? true)
    }
  }
}

extension KpiInfo {
  fileprivate init?(_ value: JSONValue) {
    guard let name = value["name"]?.string, let stream = value["stream"]?.string,
      let text = value["statement"]?.string,
      case .defineKpi(let definition)? = (try? Parser.statements(text))?.first?.body,
      let every = try? BucketLength(parsing: definition.every.length.canonicalText)
    else { return nil }
    self.init(
      name: name, version: value["version"]?.integer.map { Int($0) } ?? 1,
      isActive: value["is_active"]?.bool ?? true, stream: stream, items: definition.items,
      filter: definition.filter, dimensions: definition.groupBy, every: every, rolling: nil,
      timeZone: value["time_zone"]?.string ?? "UTC", latenessNs: 0, progress: nil)
  }
}
