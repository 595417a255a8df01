import ArgumentParser
import Foundation
import Model
import Query
import Store

/// The options of all commands that work on a store.
struct StoreArguments: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The store's directory.", valueName: "dir"))
  var data = Self.defaultData

  static let defaultData = "./nilo-data"

  @Flag(name: .long, help: "Write JSON: one object, or one object a line for lists.")
  var json = false

  /// With `memory` if the command may write.
  func directory(_ memory: MemoryArguments? = nil) -> StoreDirectory {
    StoreDirectory(path: data, memoryBytes: memory?.memory.bytes ?? Store.defaultMemoryBytes)
  }

  /// The format of answers that `format` and ``json`` ask for; nil when neither does.
  func format(_ format: AnswerFormat?) -> AnswerFormat? { json ? .json : format }

  /// Refuses another format beside ``json``.
  func check(_ format: AnswerFormat?) throws {
    if json, let format, format != .json {
      throw ValidationError("--json is --format json; leave one of them out.")
    }
  }

  /// Calls `body` with the store, open for reading: another process may write to it meanwhile.
  func reading<R>(_ body: (Store) throws -> R) throws -> R {
    let store = try directory().reading()
    defer { store.close() }
    return try body(store)
  }
}

/// The options of commands that may write to a store.
struct MemoryArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Memory of a program that writes, 64MiB or more: three eighths of it are for cells of KPIs. With less, many KPIs of many groups "
        + "are slower. (default: 256MiB)", valueName: "size"),
    transform: SizeText.init)
  var memory = SizeText(bytes: Store.defaultMemoryBytes)

  func validate() throws {
    guard memory.bytes >= Store.minMemoryBytes else {
      throw ValidationError(
        "--memory is \(SizeText(bytes: Store.minMemoryBytes)) or more.")
    }
  }
}

/// Where a store is, or can be made.
struct StoreDirectory {
  let path: String
  var memoryBytes = Store.defaultMemoryBytes

  /// The store that is there, open for reading: another process may write to it meanwhile.
  func reading() throws -> Store {
    try requireStore()
    return try Store(directory: path, mode: .readOnly)
  }

  /// The store, open for writing; it is made if there is none.
  func writing() throws -> Store {
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard hasStore || FileManager.default.fileExists(atPath: parent) else {
      throw Failure("no directory \(parent) to make the store in; make it with: mkdir -p \(parent)")
    }
    let wasAbsent = isAbsent
    do {
      return try Store(
        directory: path, statementActor: userName(), memoryBytes: memoryBytes,
        warn: { printError("warning: \($0)") })
    } catch {
      // Of one that could not be made the lock is left, unless another process is making it.
      if wasAbsent {
        whileLocked("\(path)/writer.lock") { if isMissing("\(path)/data.mdb") { discard() } }
      }
      guard Store.isInUse(error) else { throw error }
      throw Failure(
        "\(error). If it is a server, send it events by POST /v1/streams/NAME/events, and statements by POST /v1/query"
      )
    }
  }

  var hasStore: Bool { !isMissing("\(path)/data.mdb") }

  /// Whether there is not even the directory.
  var isAbsent: Bool { isMissing(path) }

  /// Removes the directory; to be called while no other process can write. It is moved aside first, so that whoever comes
  /// meanwhile finds nothing rather than a part.
  func discard() {
    let directory = URL(fileURLWithPath: path).path
    let aside = "\(directory).discarded-\(ProcessInfo.processInfo.processIdentifier)"
    // What cannot be removed does no harm: it is empty.
    guard (try? FileManager.default.moveItem(atPath: directory, toPath: aside)) != nil else {
      return
    }
    try? FileManager.default.removeItem(atPath: aside)
  }

  /// The store that is there, open for writing.
  func changing() throws -> Store {
    try requireStore()
    return try writing()
  }

  /// Throws ``Failure`` when there is none.
  func requireStore() throws {
    // One that may not be looked at is there; the store says what is not permitted.
    if hasStore { return }
    throw Failure(
      "no store at \(path); make one with: nilo ingest --data \(path) --stream NAME FILE")
  }
}
