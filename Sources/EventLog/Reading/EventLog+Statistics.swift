import Bytes
import LMDB

/// What a log holds.
public struct LogStatistics: Sendable, Equatable {
  /// A source by its name, and how far it has got.
  public struct Source: Sendable, Equatable {
    public var name: String
    public var state: SourceState
  }

  /// A path of the stream's documents. What was of several kinds there is one column.
  public struct Column: Sendable, Equatable {
    public var path: Text
    /// number, bool, string, or json for arrays that do not explode and empty objects.
    public var type: String
    /// Whether there are numbers among the strings.
    public var isMixed = false
    /// Whether arrays that do not explode, or empty objects, are among the values.
    public var hasLists = false
  }

  /// One of the streams. Where sizes are not counted, its blocks are 0 and its sources empty.
  public struct Stream: Sendable, Equatable {
    public var definition: StreamDefinition
    public var totals: StreamTotals
    /// Physical columns: a path has one for each kind of its values.
    var infos: [ColumnInfo]
    public var shapeCount: Int
    public var blockCount: Int
    /// Small blocks that can be merged with their neighbours; see ``EventLog/compact(progress:isCancelled:)``.
    public var mergeableBlockCount: Int
    /// Fields that got no column because the stream has as many as it may have.
    public var fieldsWithoutColumn: [Text]
    public var sources: [Source]
    /// Fields that would have been detected, had one of the first documents had them.
    public var unusedFields: [UnusedField]
    /// How far event time has got in all of its open sources.
    public var watermarkNs: Int64?

    /// What tells the fields of a stream, as it is, from those that it had before: they are only added to.
    public struct Layout: Sendable, Hashable {
      public let id: UInt32
      let version: Int
      let columnCount: Int
      let fieldCount: Int
    }

    /// The same as long as definition, columns and fields are. O(1).
    public var layout: Layout {
      Layout(
        id: definition.id, version: definition.version, columnCount: infos.count,
        fieldCount: fieldsWithoutColumn.count)
    }
  }

  public var streams: [Stream]
  /// The log's own streams, which are not among ``streams``: of what was defined and changed, and of closings.
  public var system: [Stream]
  /// Sequence number of the last event; 0 when there is none.
  public var lastSeq: UInt64
  /// Bytes of the store's file up to its last page, free ones among them.
  public var usedBytes: Int
  /// Bytes that the file takes on the disk: free pages that were given back take none.
  public var diskBytes: Int
  /// Bytes of pages within the file that are free and will be used again.
  public var freeBytes: Int
  /// Bytes of the tables, those of KPIs and their cells among them: their pages, full or not.
  public var tableBytes: [String: Int]
  public var ledgerPages: UInt64

  /// Bytes of free pages that still take room on the disk, which `nilo compact` would give back, about:
  /// those that a reader still sees stay.
  public var givableBytes: Int { min(freeBytes, max(0, diskBytes - (usedBytes - freeBytes))) }

  /// How many blocks there are, those of the log's own streams among them, and their bytes.
  public var blocks: (count: Int, bytes: UInt64) {
    (streams + system).reduce((0, 0)) { ($0.0 + $1.blockCount, $0.1 + $1.totals.blockBytes) }
  }
}

/// The store's file, and who has it open.
public struct LogFile: Sendable {
  /// Bytes up to its last page, free ones among them.
  public var usedBytes: Int
  /// Bytes that it takes on the disk: free pages that were given back take none.
  public var diskBytes: Int
  /// Address space that is set aside for it, which grows by itself.
  public var mapBytes: Int
  /// The most readers that there were at once, of all processes.
  public var readersPeak: Int
  public var readersLimit: Int
}

extension EventLog {
  /// O(1).
  public func file() throws -> LogFile {
    let info = try environment.info
    return LogFile(
      usedBytes: info.usedBytes, diskBytes: environment.diskBytes, mapBytes: info.mapSizeBytes,
      readersPeak: info.readers, readersLimit: info.maxReaders)
  }

  /// Counts what the log holds. O(streams, their columns and sources, and blocks); without `sizes` no blocks and bytes
  /// are counted, so their figures are 0, and no sources are listed. O(streams and their columns) then.
  public func statistics(sizes: Bool = true) throws -> LogStatistics {
    try environment.read { try statistics(sizes: sizes, $0) }
  }

  /// The same as the transaction sees it. Throws ``DamageError`` when the count of a table's pages cannot be.
  package func statistics(
    sizes: Bool, _ transaction: borrowing ReadTransaction
  ) throws -> LogStatistics {
    let info = try environment.info
    let head = try LogHead.read(tables, transaction)
    var streams: [LogStatistics.Stream] = []
    for stream in try currentStreams(transaction) where !stream.definition.isSystem {
      streams.append(try statistics(of: stream, countingBlocks: sizes, transaction))
    }
    var tableBytes: [String: Int] = [:]
    for name in sizes ? environment.tableNames : [] {
      let pages = try transaction.statistics(environment.table(name))
      // What a table has is counted in a record of its own, which may be damaged.
      let (count, isWrong) = pages.treePages.addingReportingOverflow(pages.overflowPages)
      guard !isWrong, count >= 0, count <= Int.max / info.pageSizeBytes else {
        throw DamageError(what: "the count of pages of table \(name)")
      }
      tableBytes[name] = count * info.pageSizeBytes
    }
    let system = try StreamDefinition.system.map { definition in
      let own = try stream(named: definition.name, transaction)
      return try statistics(of: own, countingBlocks: sizes, transaction)
    }
    return LogStatistics(
      streams: streams.sorted { $0.definition.id < $1.definition.id },
      system: system, lastSeq: head.nextSeq - 1, usedBytes: info.usedBytes,
      diskBytes: environment.diskBytes,
      freeBytes: sizes ? try environment.freeBytes(transaction) : 0,
      tableBytes: tableBytes, ledgerPages: head.nextLedgerPage - 1)
  }

  /// All sources that a stream ever had, by their names. O(sources).
  /// Throws ``UnknownStreamError``.
  public func sources(ofStream name: String) throws -> [LogStatistics.Source] {
    try environment.read { transaction in
      try SourceState.all(stream(named: name, transaction).definition.id, tables, transaction)
        .map { LogStatistics.Source(name: $0.name, state: $0.state) }
        .sorted { Text($0.name) < Text($1.name) }
    }
  }

  private func statistics(
    of stream: EventStream, countingBlocks: Bool, _ transaction: borrowing ReadTransaction
  ) throws -> LogStatistics.Stream {
    let id = stream.definition.id
    try requireComplete(stream, transaction)
    let totals = try StreamTotals.read(id, tables, transaction) ?? StreamTotals()
    let sources = try countingBlocks ? SourceState.all(id, tables, transaction) : []
    let blocks = try countingBlocks ? store.summaries(ofStream: id, transaction) : []
    let state = stream.schema.snapshot()
    return LogStatistics.Stream(
      definition: stream.definition, totals: totals, infos: state.columns,
      shapeCount: state.trie.shapes.count,
      blockCount: blocks.count, mergeableBlockCount: MergePlan.mergeable(blocks),
      fieldsWithoutColumn: state.fieldsWithoutColumn.sorted(),
      sources: sources.map { LogStatistics.Source(name: $0.name, state: $0.state) }
        .sorted { Text($0.name) < Text($1.name) },
      unusedFields: countingBlocks ? try unusedFields(of: stream, transaction) : [],
      watermarkNs: totals.watermarkNs)
  }
}

extension LogStatistics.Stream {
  /// Logical columns: a path that has values of several kinds is widened. O(columns).
  public var columns: [LogStatistics.Column] {
    var places: [Text: Int] = [:]
    // A path has one kind mostly, and few at most.
    var paths: [(path: Text, kinds: [SlotKind])] = []
    for info in infos {
      let place = places[info.path] ?? paths.count
      if place == paths.count {
        places[info.path] = place
        paths.append((info.path, []))
      }
      paths[place].kinds.append(info.kind)
    }
    return paths.map { path, kinds in
      let all = kinds.filter { $0 != .opaque }
      let type: String =
        switch all {
        case []: "json"
        case _ where all.allSatisfy { $0 == .bool }: "bool"
        case _ where all.allSatisfy(\.isNumber): "number"
        default: "string"
        }
      let isMixed = type == "string" && all.contains(where: \.isNumber)
      return LogStatistics.Column(
        path: path, type: type, isMixed: isMixed, hasLists: kinds.contains(.opaque))
    }
  }
}
