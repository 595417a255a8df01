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

extension SourceProgress {
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
