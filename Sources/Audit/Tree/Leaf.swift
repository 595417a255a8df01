import Bytes
import EventLog
import Merkle

/// An event as the tree over the log has it: what identifies it, and the hash of its original bytes. `docs/formats/leaf.md` has its
/// encoding, which is one for each event, so that anybody can compute it again.
public struct Leaf: Sendable, Equatable {
  /// The event's place in the log; its leaf is number `seq - 1`.
  public var seq: UInt64
  /// As its stream read it when it came, in nanoseconds since 1970.
  public var timeNs: Int64
  /// By the wall clock of the store.
  public var receivedNs: Int64
  /// Where it stood in its source.
  public var position: Int64
  /// SHA-256 of the original bytes.
  public var digest: [UInt8]
  public var stream: String
  public var source: String
  public var actor: String

  static let version: UInt8 = 1

  init(_ event: LeafEvent) {
    (seq, timeNs, receivedNs) = (event.seq, event.timeNs, event.receivedNs)
    (position, digest) = (event.position, sha256(event.document))
    (stream, source, actor) = (event.stream, event.source, event.actor)
  }

  /// The leaf's data, which the tree has the hash of. O(bytes).
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return bytes
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(Self.version)
    bytes.append(bigEndian: seq)
    for value in [timeNs, receivedNs, position] { bytes.append(bigEndian: value) }
    bytes += digest
    for text in [stream, source, actor] {
      bytes.append(bigEndian: UInt16(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    }
  }

  /// Reads what ``bytes`` gave. Throws ``AuditError`` for what is no leaf.
  public init(_ bytes: [UInt8]) throws(AuditError) {
    var rest = bytes[...]
    func take(_ count: Int) throws(AuditError) -> ArraySlice<UInt8> {
      guard rest.count >= count else { throw AuditError("a leaf ends before its fields do") }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    func number(_ count: Int) throws(AuditError) -> UInt64 {
      try take(count).reduce(0) { $0 << 8 | UInt64($1) }
    }
    func text() throws(AuditError) -> String {
      let utf8 = try take(Int(number(2)))
      guard let text = String(validating: utf8, as: UTF8.self) else {
        throw AuditError("a name in a leaf is not UTF-8")
      }
      return text
    }
    let version = try number(1)
    guard version == Self.version else {
      throw AuditError("a leaf has version \(version), this program knows \(Self.version)")
    }
    seq = try number(8)
    timeNs = Int64(bitPattern: try number(8))
    receivedNs = Int64(bitPattern: try number(8))
    position = Int64(bitPattern: try number(8))
    digest = Array(try take(32))
    stream = try text()
    source = try text()
    actor = try text()
    guard rest.isEmpty else { throw AuditError("a leaf goes on after its fields") }
  }
}

extension [UInt8] {
  mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }
}

/// Why something cannot be proven, or is not proven by what was given: what happened, where, and what to do.
public struct AuditError: Error, Equatable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}
