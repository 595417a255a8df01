import Bytes
import Checksum
import LMDB
import Model

/// What is kept of a request that was marked, so that it is answered again as it was. It is written in the commits of its
/// batches, and removed by those of later requests once its time is over.
public struct RequestReceipt: Sendable, Equatable {
  /// As of its last batch.
  public var mark: RequestMark
  /// Of all of its batches.
  public var outcome: RequestOutcome

  /// How many that are over are removed with each that is written: more than one, so that they become fewer.
  static let maxRemoved = 4
  /// Of a reason, in bytes; the log's own are far shorter.
  private static let maxReasonBytes = 4_096
}

extension RequestReceipt {
  /// Adds what became of a batch to what is known of its request.
  static func note(
    _ mark: RequestMark, _ result: AppendResult, nowNs: Int64, _ tables: LogTables,
    _ transaction: inout WriteTransaction
  ) throws {
    try removeOver(nowNs: nowNs, tables, &transaction)
    var receipt = RequestReceipt(mark: mark, outcome: RequestOutcome())
    if let before = try stored(at: key(mark.name), tables, transaction.reading) {
      try transaction.delete(tables.requests, timeKey(before.mark))
      // Of another name with the same hash nothing is known any more.
      if before.isOf(mark.name) { receipt.outcome = before.outcome }
    }
    receipt.outcome.add(result)
    try transaction.put(tables.requests, key(mark.name), receipt.encoded)
    try transaction.put(tables.requests, timeKey(mark), [0])
  }

  /// What is known of a request, over or not; nil for nothing.
  static func read(
    _ name: String, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> RequestReceipt? {
    guard let receipt = try stored(at: key(name), tables, transaction) else { return nil }
    return receipt.isOf(name) ? receipt : nil
  }

  private static func stored(
    at key: Key, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> RequestReceipt? {
    guard let record = try transaction.get(tables.requests, key) else { return nil }
    return try RequestReceipt(record)
  }

  private func isOf(_ name: String) -> Bool { Text(mark.name) == Text(name) }

  private static func removeOver(
    nowNs: Int64, _ tables: LogTables, _ transaction: inout WriteTransaction
  ) throws {
    var keys: [(time: Key, record: Key)] = []
    do {
      var cursor = try transaction.cursor(tables.requests)
      var found = try cursor.seek(atOrAfter: Key().appending(timePrefix))
      while found, keys.count < maxRemoved {
        guard let expiry = Key.uint64(in: cursor.key, at: 1), let time = Key(copying: cursor.key),
          let hash = Key.uint64(in: cursor.key, at: 9)
        else { throw DamageError(what: "the time of a request") }
        if expiry > order(nowNs) { break }
        keys.append((time, Key().appending(recordPrefix).appending(hash)))
        found = try cursor.next()
      }
    }
    for (time, record) in keys {
      try transaction.delete(tables.requests, time)
      try transaction.delete(tables.requests, record)
    }
  }
}

// Keys.
extension RequestReceipt {
  static let recordPrefix: UInt8 = 0
  static let timePrefix: UInt8 = 1

  /// As that of a source: names can be longer than is good for keys.
  static func key(_ name: String) -> Key { Key().appending(recordPrefix).appending(hash(name)) }

  static func timeKey(_ mark: RequestMark) -> Key {
    Key().appending(timePrefix).appending(order(mark.expiresNs)).appending(hash(mark.name))
  }

  private static func hash(_ name: String) -> UInt64 { checksum([UInt8](name.utf8).rawSpan) }

  /// Times before 1970 are over.
  private static func order(_ timeNs: Int64) -> UInt64 { UInt64(max(0, timeNs)) }
}

// The record.
extension RequestReceipt {
  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(string: mark.name)
    bytes.append(signedVarint: mark.expiresNs)
    bytes.append(varint: mark.documentCount)
    bytes.append(mark.isWhole ? 1 : 0)
    bytes.append(varint: UInt64(mark.fingerprint.count))
    bytes.append(contentsOf: mark.fingerprint)
    for count in [outcome.accepted, outcome.duplicateCount, outcome.rejectedCount, outcome.late] {
      bytes.append(varint: UInt64(count))
    }
    // Events have the numbers from 1 on.
    bytes.append(varint: outcome.firstSeq ?? 0)
    bytes.append(varint: outcome.lastSeq ?? 0)
    bytes.append(varint: UInt64(outcome.duplicates.count))
    for one in outcome.duplicates {
      bytes.append(signedVarint: one.position)
      bytes.append(varint: one.seq)
    }
    bytes.append(varint: UInt64(outcome.rejected.count))
    for one in outcome.rejected {
      bytes.append(signedVarint: one.position)
      bytes.append(string: one.reason)
    }
    bytes.append(varint: UInt64(outcome.ahead))
    return bytes.sealed()
  }

  init(_ record: RawSpan) throws {
    guard let body = record.unsealed else { throw DamageError(what: "what became of a request") }
    var reader = ByteReader(body)
    let name = try reader.string()
    let expiresNs = try reader.signedVarint()
    let documentCount = try reader.varint()
    let isWhole = try reader.integer(UInt8.self) == 1
    var fingerprint: [UInt8] = []
    for _ in 0..<(try reader.count(limit: RequestMark.maxFingerprintBytes)) {
      fingerprint.append(try reader.integer(UInt8.self))
    }
    guard name.utf8.count <= RequestMark.maxNameBytes else {
      throw DamageError(what: "what became of a request")
    }
    mark = RequestMark(
      name: name, documentCount: documentCount, fingerprint: fingerprint, isWhole: isWhole,
      expiresNs: expiresNs)
    outcome = RequestOutcome()
    outcome.accepted = try reader.count(limit: .max)
    outcome.duplicateCount = try reader.count(limit: .max)
    outcome.rejectedCount = try reader.count(limit: .max)
    outcome.late = try reader.count(limit: .max)
    let (firstSeq, lastSeq) = (try reader.varint(), try reader.varint())
    outcome.firstSeq = firstSeq == 0 ? nil : firstSeq
    outcome.lastSeq = lastSeq == 0 ? nil : lastSeq
    for _ in 0..<(try reader.count(limit: RequestOutcome.maxListed)) {
      outcome.duplicates.append(
        .init(position: try reader.signedVarint(), seq: try reader.varint()))
    }
    for _ in 0..<(try reader.count(limit: RequestOutcome.maxListed)) {
      outcome.rejected.append(
        .init(position: try reader.signedVarint(), reason: try reader.string()))
    }
    // Receipts of before do not have it.
    if !reader.isAtEnd { outcome.ahead = try reader.count(limit: .max) }
  }
}
