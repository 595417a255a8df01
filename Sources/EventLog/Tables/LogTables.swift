import LMDB

/// The tables of a log. `docs/formats/` has a page on what each holds.
struct LogTables {
  static let names =
    [
      "meta", "blocks", "streams", "columns", "shapes", "totals", "sources", "progress", "dedup",
      "ledger", "observers", "watermarks", "times", "requests",
    ] + laterNames

  /// Those that a store of format version 8 does not have.
  static let laterNames = ["hashes", "checkpoints"]

  /// Those of large values that are never put again in another's place.
  static let appendOnlyNames: Set<String> = ["blocks", "ledger"]

  /// Format version, next sequence numbers.
  let meta: Table
  /// (first seq, part) -> a part of a block.
  let blocks: Table
  /// (stream, first seq) -> summary of a block.
  let streams: Table
  /// (stream, number) -> physical column.
  let columns: Table
  /// (stream, number) -> shape.
  let shapes: Table
  /// (stream) -> totals.
  let totals: Table
  /// (stream, open or closed, source name) -> position and watermark.
  let sources: Table
  /// (source name) -> what its connector goes on from.
  let progress: Table
  /// (stream, partition, run, page) -> dedup ids.
  let dedup: Table
  /// (page number) -> ledger entries.
  let ledger: Table
  /// (observer's name) -> how far it has got.
  let observers: Table
  /// (stream, seq of a closing) -> the stream's watermark after it.
  let watermarks: Table
  /// (stream, latest time, first seq) -> earliest time of a block.
  let times: Table
  /// (0, request's name) -> what became of it; (1, when it is forgotten, request's name) -> nothing.
  let requests: Table
  /// (level, page) -> hashes of the tree over the log. Nil in a store of before that is open for reading.
  let hashes: HashTable?
  /// (size of the tree) -> signed checkpoint; nil as `hashes`.
  let checkpoints: Table?

  init(_ environment: Environment) {
    meta = environment.table("meta")
    blocks = environment.table("blocks")
    streams = environment.table("streams")
    columns = environment.table("columns")
    shapes = environment.table("shapes")
    totals = environment.table("totals")
    sources = environment.table("sources")
    progress = environment.table("progress")
    dedup = environment.table("dedup")
    ledger = environment.table("ledger")
    observers = environment.table("observers")
    watermarks = environment.table("watermarks")
    times = environment.table("times")
    requests = environment.table("requests")
    hashes = environment.findTable("hashes").map { HashTable(table: $0) }
    checkpoints = environment.findTable("checkpoints")
  }
}
