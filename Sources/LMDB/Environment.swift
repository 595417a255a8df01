import CLMDB
import Glibc
import Synchronization

/// A directory with one LMDB database: tables that change together, in transactions.
///
/// Any number of threads and processes read while one writes; neither waits for the other. What was
/// committed survives the end of the process and of the machine's power.
///
/// - One environment for a directory and process; one writing process for a directory.
/// - Not on a network file system, and not across `fork`: a child must not use the environment of
///   its parent, but may open its own after `exec`.
/// - Every method blocks its thread. Call them off Swift's cooperative pool, and do not wait inside
///   a transaction for another thread's.
/// - Nothing may open `data.mdb` or `lock.mdb` in this process by other means: closing them would
///   drop LMDB's locks.
public final class Environment: @unchecked Sendable {
  /// Whether the environment may change anything.
  public enum Mode: Sendable {
    case readWrite, readOnly
  }

  /// The most that a map may grow to: half of the address space of a process.
  static let largestMapBytes = 1 << 46

  /// The directory, as it was given.
  public let directory: String

  /// How it was opened.
  public let mode: Mode

  /// Those of the later tables that the database did not have when it was opened; one that writes has made them.
  public let absentTables: [String]

  let gate = Gate()
  private let tableHandles: [String: Table]
  /// A bit for each table, by its handle, whose pages were found to be sound.
  let soundTables: Atomic<UInt64>

  /// What follows changes only while ``gate`` is owned, and is read while it is shared.
  var parameters: Session.Parameters
  var session: Session?
  var sessionNumber = 0
  private var lease: DirectoryLease?

  /// Opens `directory`; for writing it creates the directory and the files that are missing, with
  /// all tables.
  ///
  /// LMDB trusts its pages, and one that is damaged can crash the process, or make the next commit
  /// overwrite others. So they are looked at first: for writing all pages of trees and the free list,
  /// for reading those that say what tables there are, and those of each table at its first use.
  /// O(pages of trees).
  ///
  /// - Parameters:
  ///   - directory: Its parent must exist.
  ///   - tables: The names of the tables, each once, 60 at most; the same ones every time.
  ///   - appendOnlyTables: Those whose entries are never put in the place of others, so that the pages
  ///     of their large values are looked at when they are deleted, and need not be before.
  ///   - laterTables: Those of `tables` that a database of an earlier version may lack. For writing they are made;
  ///     for reading ``findTable(_:)`` tells.
  ///   - mapSizeBytes: The address space to begin with. It grows when needed. A reader takes the
  ///     size that the writer set.
  ///   - maxReaders: The most read transactions at once over all processes; the first process to
  ///     open the directory decides.
  /// - Throws: ``LMDBError``; among its codes ``LMDBError/Code/inUse`` if another process writes,
  ///   ``LMDBError/Code/alreadyOpen`` if this one has it open, ``LMDBError/Code/notFound`` if there
  ///   is nothing to read, ``LMDBError/Code/corrupted`` if pages are damaged or a table is missing.
  public init(
    directory: String, mode: Mode, tables: [String], appendOnlyTables: Set<String> = [],
    laterTables: Set<String> = [], mapSizeBytes: Int = 1 << 32, maxReaders: Int = 510
  ) throws(LMDBError) {
    precondition(tables.count <= 60, "an environment has 60 tables at most")
    precondition(Set(tables).count == tables.count, "a table is named twice")
    precondition(maxReaders > 0, "maxReaders must be positive")
    let lease = try DirectoryLease(directory, mode)
    let wanted = Session.Parameters(
      directory: directory, mode: mode, tables: tables, appendOnlyTables: appendOnlyTables,
      laterTables: laterTables, maxReaders: maxReaders,
      mapSizeBytes: Self.wholePages(mapSizeBytes))
    let session = try Session(wanted)
    let parameters = wanted.leavingOut(session.absentTables)
    if mode == .readWrite {
      do throws(LMDBError) {
        try syncDirectory(directory)
      } catch {
        session.close()
        throw error
      }
    }
    self.directory = directory
    self.mode = mode
    self.parameters = parameters
    self.lease = consume lease
    self.session = session
    absentTables = session.absentTables
    soundTables = Atomic(mode == .readWrite ? .max : 0)
    tableHandles = Dictionary(
      uniqueKeysWithValues: zip(parameters.tables, session.tables.map(Table.init(handle:))))
  }

  deinit {
    session?.close()
  }

  /// Waits for the transactions of the process to end, then closes the files and gives back the
  /// right to write. Afterwards everything throws ``LMDBError/Code/closed``.
  ///
  /// - Precondition: this thread is in no transaction of the environment.
  public func close() {
    precondition(gate.own(), "close() was called inside a transaction")
    defer { gate.disown() }
    session?.close()
    session = nil
    lease = nil
  }

  /// A table by its name.
  ///
  /// - Precondition: `name` is one of those given to `init`.
  public func table(_ name: String) -> Table {
    guard let table = tableHandles[name] else {
      preconditionFailure("the table \(name) was not named when the environment was opened")
    }
    return table
  }

  /// The same; nil for a later table that a reader's database does not have.
  public func findTable(_ name: String) -> Table? { tableHandles[name] }

  /// The names of all tables, sorted.
  public var tableNames: [String] { tableHandles.keys.sorted() }

  func isAppendOnly(_ table: Table) -> Bool {
    parameters.appendOnlyTables.contains(name(of: table))
  }

  var pageBytes: Int {
    get throws(LMDBError) {
      guard let session else { throw error(isClosed ? .closed : .panic, "info") }
      return session.pageBytes
    }
  }

  /// The name of a table, for messages.
  func name(of table: Table) -> String {
    tableHandles.first { $0.value == table }?.key ?? "\(table.handle)"
  }

  var isClosed: Bool { lease == nil }

  func error(_ code: CInt, _ operation: String) -> LMDBError {
    error(LMDBError.Code(code).classified(at: directory), operation)
  }

  func error(_ code: LMDBError.Code, _ operation: String, detail: String? = nil) -> LMDBError {
    LMDBError(code, operation, path: directory, detail: detail)
  }

  private static func wholePages(_ bytes: Int) -> Int {
    let page = sysconf(CInt(_SC_PAGESIZE))
    let clamped = min(max(bytes, 16 * page), largestMapBytes)
    return (clamped + page - 1) / page * page
  }
}
