import Bytes
import EventLog
import LMDB
import Language
import Model

/// Definitions that come, change and go: each is an event of the catalogue.
extension Projections {
  /// Defines a KPI and fills its cells from the log; the definition is an event of the catalogue. Throws ``KpiError``
  /// when the name is taken or the stream has no such field. O(events of the stream).
  @discardableResult
  public func define(
    _ definition: KpiDefinition, actor: String, progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> KpiDefinition {
    let defined = try changing.withLock {
      try record(definition, change: .define, actor: actor)
    }
    try fill(defined, progress: progress, isCancelled: isCancelled)
    return defined
  }

  /// Defines the next version of a KPI, which is filled and kept beside the active one until ``switchVersion``.
  /// O(events of the stream).
  /// Throws ``UnknownKpiError`` when there is none of that name, and as ``define(_:actor:progress:isCancelled:)`` does.
  @discardableResult
  public func redefine(
    _ definition: KpiDefinition, actor: String, progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> KpiDefinition {
    let defined = try changing.withLock {
      try record(definition, change: .redefine, actor: actor)
    }
    try fill(defined, progress: progress, isCancelled: isCancelled)
    return defined
  }

  /// Fills the cells of a KPI that has just been defined. It stays defined when that cannot be done.
  private func fill(
    _ kpi: KpiDefinition, progress: (RebuildProgress) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    do {
      _ = try rebuild([kpi.id], verify: false, progress: progress, isCancelled: isCancelled)
    } catch let error as RebuildCancelledError {
      throw error
    } catch {
      throw UnfinishedChangeError(
        done: "KPI \(kpi.name) version \(kpi.version) is defined, and answered from the events",
        missing: "its cells could not be filled",
        remedy: "they are filled when the store is opened for writing next", cause: "\(error)")
    }
  }

  /// Makes a version of a KPI the active one.
  /// Throws ``UnknownKpiError``, and ``KpiError`` when there is no such version or its cells are not complete.
  public func switchVersion(of name: String, to version: Int, actor: String) throws {
    try changing.withLock {
      let found = try log.environment.read { try kpi(named: name, version: version, $0) }
      if found.isActive { return }
      guard found.cache != nil else {
        throw KpiError("version \(version) of KPI \(name) is still being filled; try again later")
      }
      try inOne {
        try log.record(actor: actor) {
          KpiDefinition.switchDocument(name, version: version, receivedNs: $0)
        }
        state.withLock { state in
          for (id, live) in state.kpis where live.kpi.definition.name == name {
            state.kpis[id]?.isActive = live.kpi.definition.version == version
          }
        }
      }
    }
  }

  /// Checks a definition and records it in the catalogue; its cells are still to be filled.
  private func record(
    _ definition: KpiDefinition, change: KpiDefinition.Change, actor: String
  ) throws -> KpiDefinition {
    let name = definition.name
    if StreamDefinition.system.contains(where: { $0.name == definition.stream }) {
      throw KpiError("\(definition.stream) can be queried; a KPI is of a stream of events")
    }
    let stream: EventStream = try log.environment.read { transaction in
      let all: [Live] = try kpis(transaction)
      let isKnown = all.contains { $0.kpi.definition.name == name }
      if isKnown, change == .define {
        throw KpiError(
          "KPI \(name) exists already; redefine it, drop it first, or take another name")
      }
      if !isKnown, change == .redefine { _ = try kpi(named: name, transaction) }
      if try log.currentStreams(transaction).contains(where: { $0.name == name }) {
        throw KpiError("there is a stream \(name): a KPI takes another name")
      }
      return try log.stream(named: definition.stream, transaction)
    }
    try check(definition, stream)
    var defined = definition
    defined.version = try earlierVersions(definition.name) + 1
    defined.latenessNs = max(definition.latenessNs, stream.definition.latenessNs)
    let compiled = try CompiledKpi(defined, stream.definition)
    try inOne {
      defined.id = try log.record(actor: actor) { [defined] in
        defined.document(change, receivedNs: $0)
      }
      let live = Live(
        kpi: compiled.with(id: defined.id), streamId: stream.definition.id,
        isActive: change == .define)
      state.withLock { $0.kpis[defined.id] = live }
    }
    return defined
  }

  /// Commits a change to the catalogue and makes it known, within ``changing``: who reads by ``betweenChanges(_:)`` sees both
  /// or neither.
  private func inOne(_ body: () throws -> Void) rethrows {
    changes.add(1, ordering: .sequentiallyConsistent)
    defer {
      let after = changes.add(1, ordering: .sequentiallyConsistent).newValue
      precondition(after.isMultiple(of: 2), "two changes of the catalogue at a time")
    }
    try body()
  }

  /// Reads the log and what is known of KPIs, both of one state. `body` is called again when a change came in between.
  func betweenChanges<R>(_ body: (borrowing ReadTransaction) throws -> R) throws -> R {
    while true {
      let before = changes.load(ordering: .sequentiallyConsistent)
      guard before.isMultiple(of: 2) else {
        changing.withLock {}
        continue
      }
      let found = try log.environment.read(body)
      if changes.load(ordering: .sequentiallyConsistent) == before { return found }
    }
  }

  /// How often the name was defined, dropped ones among them.
  private func earlierVersions(_ name: String) throws -> Int {
    try log.environment.read { transaction in
      try log.catalogueDocuments(transaction).count {
        KpiDefinition.Change($0) != nil && $0["name"] == name
      }
    }
  }

  /// Refuses fields that the stream does not have.
  private func check(_ definition: KpiDefinition, _ stream: EventStream) throws {
    let known = try log.statistics(sizes: false).streams.first {
      $0.definition.id == stream.definition.id
    }
    guard let known, !known.columns.isEmpty else { return }
    let fields = Set(known.columns.map(\.path) + known.fieldsWithoutColumn)
    for path in definition.fields.map(\.path) where !fields.contains(path) {
      throw KpiError(
        "stream \(definition.stream) has no field \(path.debugDescription); "
          + Self.suggestion(for: path, among: fields.sorted()))
    }
  }

  private static func suggestion(for path: Text, among fields: [Text]) -> String {
    if fields.count <= 20 { return "it has: " + fields.joined(separator: ", ") }
    if let nearest = Spelling.nearest(path, fields) {
      return "did you mean \(nearest.debugDescription)?"
    }
    return "it has: " + fields.prefix(20).joined(separator: ", ")
      + ", and \(fields.count - 20) more"
  }

  /// Drops all versions of a KPI and their cells; its events stay.
  /// Throws ``UnknownKpiError``, and ``UnfinishedChangeError`` when it is dropped, but its cells could not be deleted.
  /// O(cells).
  public func drop(_ name: String, actor: String) throws {
    try changing.withLock {
      _ = try log.environment.read { try kpi(named: name, $0) }
      try inOne {
        try log.record(actor: actor) { KpiDefinition.dropDocument(name, receivedNs: $0) }
        turn.withLock {
          state.withLock { state in
            state.kpis = state.kpis.filter { $0.value.kpi.definition.name != name }
          }
        }
      }
    }
    do {
      try rebuilding.withLock { try collectGarbage() }
    } catch {
      throw UnfinishedChangeError(
        done: "KPI \(name) is dropped", missing: "its cells could not be deleted",
        remedy: "they are deleted with the next definition or rebuild", cause: "\(error)")
    }
  }
}
