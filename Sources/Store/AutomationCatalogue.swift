import Bytes
import EventLog
import Language
import Model

/// The schedules, alerts, sources and sinks that documents of the catalogue define, each by its statement.
struct AutomationCatalogue {
  enum Kind: String, CaseIterable {
    case schedule, alert, source, sink
    var defining: String { "define_\(rawValue)" }
    var dropping: String { "drop_\(rawValue)" }
    var pausing: String { "pause_\(rawValue)" }
    var resuming: String { "resume_\(rawValue)" }
  }

  struct Definition {
    var kind: Kind
    var name: String
    /// Counts the definitions of the name, from 1.
    var version: Int
    var seq: UInt64
    var definedNs: Int64
    var statement: Statement
    var text: String
    var isPaused = false
    /// The event that resumed it last.
    var resumedSeq: UInt64?
  }

  /// Those that are not dropped, in the order of their definitions.
  private(set) var definitions: [Definition] = []
  private var versions: [Kind: [String: Int]] = [:]

  /// Throws `LanguageError` when a statement that was recorded cannot be read. O(documents).
  init(_ documents: [CatalogueDocument]) throws {
    for document in documents {
      guard let change = document["change"], let name = document["name"] else { continue }
      if let kind = Kind.allCases.first(where: { $0.dropping == change }) {
        definitions.removeAll { $0.kind == kind && $0.name == name }
      } else if let kind = Kind.allCases.first(where: { $0.pausing == change }) {
        update(kind, name) { $0.isPaused = true }
      } else if let kind = Kind.allCases.first(where: { $0.resuming == change }) {
        update(kind, name) { ($0.isPaused, $0.resumedSeq) = (false, document.seq) }
      } else if let kind = Kind.allCases.first(where: { $0.defining == change }),
        let text = document["statement"], let version = document["version"].flatMap({ Int($0) }),
        let time = document["timestamp"].flatMap({ Timestamp($0) }),
        let statement = try Parser.statements(text).first
      {
        versions[kind, default: [:]][name] = version
        definitions.append(
          Definition(
            kind: kind, name: name, version: version, seq: document.seq, definedNs: time.ns,
            statement: statement, text: text))
      }
    }
  }

  private mutating func update(_ kind: Kind, _ name: String, _ change: (inout Definition) -> Void) {
    for index in definitions.indices
    where definitions[index].kind == kind && definitions[index].name == name {
      change(&definitions[index])
    }
  }

  func contains(_ kind: Kind, _ name: String) -> Bool {
    definitions.contains { $0.kind == kind && $0.name == name }
  }

  func nextVersion(_ kind: Kind, _ name: String) -> Int { (versions[kind]?[name] ?? 0) + 1 }
}

extension Store {
  /// What is defined now.
  func automationCatalogue() throws -> AutomationCatalogue {
    try automationDefinitions.value(log.catalogueDocuments()) { try AutomationCatalogue($0) }
  }

  /// Throws ``AutomationError`` when the name is taken, and `StreamNameError`.
  func define(_ kind: AutomationCatalogue.Kind, _ name: String, by body: Statement.Body) throws {
    try StreamDefinition.checkName(name)
    try definingAutomation.withLock {
      let catalogue = try automationCatalogue()
      if catalogue.contains(kind, name) {
        throw AutomationError(
          "\(kind) \(name) exists already; drop it first, or take another name")
      }
      let version = catalogue.nextVersion(kind, name)
      try recordStatement(kind.defining, name, version, body)
    }
  }

  /// Throws ``AutomationError`` when there is none of that name.
  func drop(_ kind: AutomationCatalogue.Kind, _ name: String, by body: Statement.Body) throws {
    try change(kind, name, kind.dropping, by: body)
  }

  /// Takes note of a change of what is defined. Throws ``AutomationError`` when there is none of that name.
  func change(
    _ kind: AutomationCatalogue.Kind, _ name: String, _ change: String, by body: Statement.Body
  ) throws {
    try definingAutomation.withLock {
      guard try automationCatalogue().contains(kind, name) else {
        throw AutomationError("there is no \(kind) \(name)")
      }
      try recordStatement(change, name, nil, body)
    }
  }

  /// Takes note of a change of the catalogue by the statement that makes it.
  func recordStatement(
    _ change: String, _ name: String, _ version: Int?, _ body: Statement.Body
  ) throws {
    let statement = Statement(body).canonicalText
    try log.record(actor: actorOfStatements) { receivedNs in
      jsonObject {
        $0.field("timestamp", timeNs: receivedNs)
        $0.field("change", change)
        $0.field("name", name)
        if let version { $0.field("version", Int64(version)) }
        $0.field("statement", statement)
      }
    }
  }
}

/// A schedule, an alert, a source or a sink cannot be what was asked for.
public struct AutomationError: Error, Equatable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}
