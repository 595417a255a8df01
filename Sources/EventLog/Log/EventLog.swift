import Foundation
import LMDB
import Model
import Synchronization
import Threads
import Zstd

/// The log of all events of a store: append, and read by sequence number, stream and time.
///
/// One process may have a directory open for writing; any number may read it meanwhile. All methods may be
/// called from any thread.
public final class EventLog: Sendable {
  /// Whether a log may be changed; only one process has a directory open with `readWrite`.
  public enum Mode: Sendable { case readWrite, readOnly }

  public let directory: String
  public let mode: Mode
  package let environment: Environment
  let tables: LogTables
  let store: BlockStore
  let attached = Mutex(CommitParticipants())
  let observers = Observers()
  let catalogue: Mutex<Catalogue>
  /// Held while a stream is made, which takes a commit; `catalogue` is not, since commits ask it.
  let defining = NSLock()
  /// In a log that another process writes to: the streams as of the last commit that was looked at.
  let lastRead: Mutex<(commit: Int, streams: [EventStream])>
  /// What was read of the catalogue.
  let changes: OwnDocuments
  /// Streams whose block index was found to have all that the totals say.
  let complete: Mutex<Set<UInt32>>
  let sequencer: Mutex<Sequencer>
  let filters: FilterCache
  let recentDocuments = RecentDocuments()
  let committed: Mutex<CommitState>
  /// Held while what the last commit left is exchanged for what the next one leaves.
  let commitTurn = NSLock()
  let commitQueue: Mutex<CommitQueue?>
  let merger = Mutex<BackgroundMerger?>(nil)
  let mergeState = Mutex(MergeState())
  /// When the system was asked how many pages of the file are in memory.
  private let memoryLookedAt = Mutex(ContinuousClock.now)
  /// What appends have used and others may use again.
  let appenders = AppenderPool()
  /// The wall clock, in nanoseconds since the epoch: an event's received time.
  package let clock: @Sendable () -> Int64

  /// The address space that a store begins with. It grows when it is needed.
  public static let defaultMapSizeBytes = 1 << 32

  /// Opens the log in `directory`; for writing, it is made when there is none.
  ///
  /// With `mergesBlocks` a thread merges the small blocks that small commits leave.
  ///
  /// Throws ``LMDBError`` when the directory cannot be opened or another process writes to it,
  /// ``UnknownFormatError``, or ``DamageError``. O(pages of trees and streams): some milliseconds, whatever the size of the blocks.
  public init(
    directory: String, mode: Mode, projectionTables: [String] = [],
    clock: @escaping @Sendable () -> Int64 = EventLog.wallClockNs,
    mapSizeBytes: Int = defaultMapSizeBytes, mergesBlocks: Bool = true
  ) throws {
    self.directory = directory
    self.mode = mode
    self.clock = clock
    environment = try Environment(
      directory: directory, mode: mode == .readWrite ? .readWrite : .readOnly,
      tables: LogTables.names + projectionTables, appendOnlyTables: LogTables.appendOnlyNames,
      laterTables: Set(LogTables.laterNames),
      mapSizeBytes: mapSizeBytes)
    tables = LogTables(environment)
    store = BlockStore(tables)
    let tables = tables
    if mode == .readWrite {
      try environment.write { transaction in
        guard try !transaction.reading.contains(tables.meta, LogHead.key) else { return }
        // Numbers must not be given out a second time.
        guard try transaction.reading.count(tables.blocks) == 0 else {
          throw LogHead.missing
        }
        try transaction.put(tables.meta, LogHead.key, LogHead().encoded)
      }
    }
    let (store, changes, absent) = (store, OwnDocuments(), environment.absentTables.first)
    let (readAt, loaded, found) = try environment.read { transaction in
      let head = try LogHead.read(tables, transaction)
      if let absent, head.version >= LogHead.firstVersionWithTree {
        throw DamageError(what: "the table \(absent) is missing")
      }
      var state = CommitState(head: head, index: try DedupIndex(transaction, table: tables.dedup))
      let catalogue = try Catalogue.load(
        changes, committedSeq: head.nextSeq - 1, tables, store, transaction)
      for stream in catalogue.all {
        let id = stream.definition.id
        let totals = try StreamTotals.read(id, tables, transaction) ?? StreamTotals()
        state.add(
          stream, totals: totals, try StreamClock.load(id, totals, tables, transaction))
      }
      return (transaction.commitNumber, state, catalogue)
    }
    self.changes = changes
    complete = Mutex([StreamDefinition.catalogue.id])
    lastRead = Mutex((readAt, found.all))
    catalogue = Mutex(found)
    filters = FilterCache()
    sequencer = Mutex(
      Sequencer(head: loaded.head, index: loaded.index, store: store, filters: filters))
    committed = Mutex(loaded)
    commitQueue = Mutex(nil)
    if mode == .readWrite {
      let queue = try CommitQueue { [unowned self] in commit($0) }
      commitQueue.withLock { $0 = queue }
      if mergesBlocks {
        // Who has the log may let it go without closing it, at any moment.
        let thread = try BackgroundMerger { [weak self] id, merger in
          try self?.mergeNext(ofStream: id, &merger) ?? false
        } note: { [weak self] error in
          self?.mergeState.withLock { $0.failure = error.map { "\($0)" } }
        }
        merger.withLock { $0 = thread }
      }
    }
  }

  /// Makes `participant` take part in every commit, after those that do already. To be called before the first append.
  package func add(_ participant: any CommitParticipant) {
    precondition(mode == .readWrite, "a log that is open for reading has no commits")
    attached.withLock { $0.add(participant) }
  }

  var participants: CommitParticipants { attached.withLock { $0 } }

  deinit { close() }

  /// Ends all appends and closes the files. Using the log after it is an error.
  public func close() {
    // Not under the lock: whoever is about to submit must learn that it is too late.
    let running = commitQueue.withLock { queue in
      defer { queue = nil }
      return queue
    }
    running?.stop()
    let merging = merger.withLock { merger in
      defer { merger = nil }
      return merger
    }
    merging?.stop()
    observers.stop()
    attached.withLock { $0 = CommitParticipants() }
    environment.close()
  }

  /// Nanoseconds since 1970-01-01T00:00:00Z in steps of a microsecond, by the system's clock, which may be set back. What it
  /// says beyond that is noise, which each event that comes by itself would keep.
  public static func wallClockNs() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) / 1_000 * 1_000
  }

  /// Pages of the store's file that lookups have touched count as the program's memory until they are given
  /// back.
  package static let maxResidentFileBytes = 16 << 20

  /// Asking the system takes as long as parsing a small batch. Within this time not many pages more are touched.
  private static let memoryInterval = Duration.microseconds(500)

  /// Gives the pages of the store's file back to the system if they take more than `limit` bytes of the program's memory.
  /// What is touched again is mostly still in the system's cache.
  package func releaseMemory(above limit: Int = maxResidentFileBytes) {
    let isDue = memoryLookedAt.withLock { last in
      let now = ContinuousClock.now
      guard now - last >= Self.memoryInterval else { return false }
      last = now
      return true
    }
    if isDue, Environment.residentFileBytes > limit { environment.releaseResidentPages() }
  }
}

/// The log was opened for reading, or is closed.
public struct ReadOnlyError: Error, Equatable, CustomStringConvertible {
  public var description: String { "the log is open for reading only" }
}
