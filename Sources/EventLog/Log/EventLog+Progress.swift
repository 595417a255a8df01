import Bytes
import Checksum
import LMDB
import Model

/// What a connector had noted of a source, and when.
public struct NotedProgress: Sendable, Equatable {
  public var progress: SourceProgress
  /// Wall clock of the commit, in nanoseconds since the epoch.
  public var notedNs: Int64
}

/// A connector's note of where it is has too many bytes.
public struct ProgressError: Error, Equatable, CustomStringConvertible {
  public var source: String
  public var byteCount: Int
  public var description: String {
    "the progress of source \(source) has \(byteCount) bytes; it may have \(Limits.maxProgressBytes)"
  }
}

extension EventLog {
  /// What was noted of the source with the last batch that said something; nil when there is nothing. O(log n).
  public func progress(of source: String) throws -> NotedProgress? {
    try environment.read { transaction in
      guard let record = try transaction.get(tables.progress, SourceProgress.key(source)) else {
        return nil
      }
      let noted = try NotedProgress(record)
      return Text(noted.progress.source) == Text(source) ? noted : nil
    }
  }

  /// Notes it without a batch, in a commit of its own: a source is to begin elsewhere. Batches that are on their way come
  /// after it.
  /// Throws ``ReadOnlyError``, ``SourceNameError`` or ``ProgressError``.
  public func setProgress(_ progress: SourceProgress) throws {
    if mode == .readOnly { throw ReadOnlyError() }
    try progress.check()
    try environment.write { transaction in
      try progress.write(receivedNs: clock(), tables, &transaction)
    }
  }
}

extension SourceProgress {
  /// Throws ``SourceNameError`` or ``ProgressError``.
  func check() throws {
    if source.utf8.count > Limits.maxSourceNameBytes {
      throw SourceNameError(byteCount: source.utf8.count)
    }
    if position.count > Limits.maxProgressBytes {
      throw ProgressError(source: source, byteCount: position.count)
    }
  }

  /// As sources of a stream: the key has the name's hash, the record the name.
  static func key(_ source: String) -> Key {
    Key(checksum([UInt8](source.utf8).rawSpan))
  }

  func write(
    receivedNs: Int64, _ tables: LogTables, _ transaction: inout WriteTransaction
  ) throws {
    var bytes: [UInt8] = []
    bytes.append(string: source)
    bytes.append(signedVarint: receivedNs)
    bytes.append(varint: UInt64(position.count))
    bytes.append(contentsOf: position)
    try transaction.put(tables.progress, Self.key(source), bytes.sealed())
  }
}

extension NotedProgress {
  init(_ record: RawSpan) throws {
    guard let body = record.unsealed else { throw DamageError(what: "progress of a source") }
    var reader = ByteReader(body)
    let source = try reader.string()
    notedNs = try reader.signedVarint()
    var position: [UInt8] = []
    for _ in 0..<(try reader.count(limit: Limits.maxProgressBytes)) {
      position.append(try reader.integer(UInt8.self))
    }
    progress = SourceProgress(source: source, position: position)
  }
}
