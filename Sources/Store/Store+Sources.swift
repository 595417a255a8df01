import Language
import Query
import Synchronization

/// Sources that a server fetches from: each definition, pause and resumption is an event of the catalogue.
extension Store {
  /// Those that are defined, in the order of their definitions, each with how it gets on where a server runs it.
  /// O(catalogue) once, then O(what is new).
  public func definedSources() throws -> [DefinedSource] {
    let statuses = sourceMonitor.withLock { $0 }?.statuses ?? [:]
    return try automationCatalogue().definitions.compactMap { defined in
      guard case .defineSource(let definition) = defined.statement.body else { return nil }
      var source = DefinedSource(
        name: defined.name, version: defined.version, seq: defined.seq,
        definedNs: defined.definedNs, definition: definition, statement: defined.text,
        isPaused: defined.isPaused, resumedSeq: defined.resumedSeq)
      source.status = statuses[source.name]
      return source
    }
  }

  /// Throws ``AutomationError`` when the name is taken, and `StreamNameError`.
  public func defineSource(_ source: DefineSource) throws {
    try define(.source, source.name.text, by: .defineSource(source))
    sourcesChanged()
  }

  /// Its events and its positions stay. Throws ``AutomationError`` when there is none of that name.
  public func dropSource(_ name: String) throws {
    try drop(.source, name, by: .dropSource(Name(name)))
    sourcesChanged()
  }

  /// Throws ``AutomationError`` when there is none of that name.
  public func pauseSource(_ name: String) throws {
    try change(
      .source, name, AutomationCatalogue.Kind.source.pausing, by: .pauseSource(Name(name)))
    sourcesChanged()
  }

  /// Throws ``AutomationError`` when there is none of that name.
  public func resumeSource(_ name: String) throws {
    try change(
      .source, name, AutomationCatalogue.Kind.source.resuming, by: .resumeSource(Name(name)))
    sourcesChanged()
  }

  /// `monitor` runs the sources from now on, and says how they get on; nil when nobody does any more.
  public func monitorSources(by monitor: (any SourceMonitor)?) {
    sourceMonitor.withLock { $0 = monitor }
  }

  private func sourcesChanged() { sourceMonitor.withLock { $0 }?.sourcesChanged() }
}

/// Who runs the sources of a store that is open for writing. Only the process that writes defines any, so it is told at once.
public protocol SourceMonitor: AnyObject, Sendable {
  /// How sources get on that run, by their names. Asked with each list of them; has to be quick.
  var statuses: [String: FetchStatus] { get }
  /// Some source was defined, dropped, paused or resumed. Must not wait for it to run or to stop.
  func sourcesChanged()
}
