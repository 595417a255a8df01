import Bytes
import LMDB
import Model
import Zstd

/// What the ledger says of one event or document that was late, ahead of time, a duplicate, or rejected.
public struct LedgerEntry: Sendable, Equatable {
  /// Why there is an entry: for a document that is no event, one whose id was there already, an event behind the
  /// watermark, or one too far ahead to count.
  public enum Kind: String, Sendable, CaseIterable { case rejected, duplicate, late, ahead }

  public var kind: Kind
  public var stream: String
  public var source: String
  /// Wall clock when the document came, in nanoseconds since the epoch.
  public var receivedNs: Int64
  /// Where the document stands in its source; nil for late events, whose block knows it.
  public var position: Int64?
  /// The late event, the one ahead, or the event that the duplicate repeats.
  public var seq: UInt64?
  /// Why the document was rejected.
  public var reason: String?
  /// The first KiB of a rejected document, or of the dedup id of a duplicate.
  public var bytes: [UInt8]
  /// For late events, those ahead, and duplicates: the event's time.
  public var timeNs: Int64?
  /// For late events: how far behind the watermark the time was.
  public var behindNs: Int64?
  /// For events ahead: how far ahead the time was, of the wall clock or of all events before.
  public var aheadNs: Int64?
  public var isAheadOfClock = false
  /// For duplicates: whether the document differs from that of the event it repeats.
  public var isDifferent: Bool?
  /// The first KiB of a duplicate that differs.
  public var head: [UInt8] = []
}

/// A page of the ledger: the entries of one kind of one commit. `docs/formats/ledger.md`.
struct LedgerPage {
  var kind: LedgerEntry.Kind
  var stream: String
  var source: String
  var receivedNs: Int64
  private(set) var count = 0
  private var body: [UInt8] = []

  /// A page is closed when its entries reach this size.
  static let fullBytes = 128 * 1024

  init(_ kind: LedgerEntry.Kind, stream: String, source: String, receivedNs: Int64) {
    self.kind = kind
    self.stream = stream
    self.source = source
    self.receivedNs = receivedNs
  }

  var isFull: Bool { body.count >= Self.fullBytes }

  mutating func append(_ rejected: RejectedDocument) {
    body.append(signedVarint: rejected.position)
    body.append(string: rejected.reason)
    append(bytes: rejected.head)
    count += 1
  }

  mutating func append(_ duplicate: DuplicateEvent) {
    body.append(signedVarint: duplicate.position)
    body.append(varint: duplicate.firstSeq)
    append(bytes: duplicate.id.prefix(Limits.ledgerIdBytes))
    body.append(signedVarint: duplicate.timeNs)
    body.append(duplicate.isDifferent ? 1 : 0)
    if duplicate.isDifferent { append(bytes: duplicate.head) }
    count += 1
  }

  mutating func append(_ late: LateEvent) {
    body.append(varint: late.seq)
    body.append(signedVarint: late.timeNs)
    body.append(varint: UInt64(late.behindNs))
    count += 1
  }

  mutating func append(_ ahead: AheadEvent) {
    body.append(varint: ahead.seq)
    body.append(signedVarint: ahead.timeNs)
    body.append(varint: UInt64(ahead.aheadNs))
    body.append(ahead.isOfClock ? 1 : 0)
    count += 1
  }

  private mutating func append(bytes: some Collection<UInt8>) {
    body.append(varint: UInt64(bytes.count))
    body.append(contentsOf: bytes)
  }

  func encoded(_ compressor: ZstdCompressor) throws -> [UInt8] {
    var bytes: [UInt8] = [UInt8(LedgerEntry.Kind.allCases.firstIndex(of: kind) ?? 0)]
    bytes.append(string: stream)
    bytes.append(string: source)
    bytes.append(signedVarint: receivedNs)
    bytes.append(varint: UInt64(count))
    bytes.append(varint: UInt64(body.count))
    try compressor.compress(body.rawSpan, into: &bytes)
    return bytes.sealed()
  }

  /// The entries of the page in `value`.
  static func decode(
    _ value: RawSpan, _ decompressor: ZstdDecompressor
  ) throws -> [LedgerEntry] {
    guard let bytes = value.unsealed else { throw DamageError(what: "page of the ledger") }
    var reader = ByteReader(bytes)
    let kindNumber = Int(try reader.integer(UInt8.self))
    guard LedgerEntry.Kind.allCases.indices.contains(kindNumber) else {
      throw DamageError(what: "page of the ledger")
    }
    let blank = LedgerEntry(
      kind: LedgerEntry.Kind.allCases[kindNumber], stream: try reader.string(),
      source: try reader.string(), receivedNs: try reader.signedVarint(), bytes: [])
    let count = try reader.count(limit: .max)
    let bodyBytes = try reader.count(limit: 1 << 30)
    var body: [UInt8] = []
    try decompressor.decompress(
      bytes.extracting(reader.offset..<bytes.byteCount), byteCount: bodyBytes, into: &body)
    var entries: [LedgerEntry] = []
    var bodyReader = ByteReader(body.rawSpan)
    for _ in 0..<count {
      var entry = blank
      switch entry.kind {
      case .rejected:
        entry.position = try bodyReader.signedVarint()
        entry.reason = try bodyReader.string()
        entry.bytes = try bodyReader.array(byteCount: try bodyReader.count())
      case .duplicate:
        entry.position = try bodyReader.signedVarint()
        entry.seq = try bodyReader.varint()
        entry.bytes = try bodyReader.array(byteCount: try bodyReader.count())
        entry.timeNs = try bodyReader.signedVarint()
        let isDifferent = try bodyReader.integer(UInt8.self) == 1
        entry.isDifferent = isDifferent
        if isDifferent {
          entry.head = try bodyReader.array(byteCount: try bodyReader.count())
        }
      case .late:
        entry.seq = try bodyReader.varint()
        entry.timeNs = try bodyReader.signedVarint()
        entry.behindNs = Int64(truncatingIfNeeded: try bodyReader.varint())
      case .ahead:
        entry.seq = try bodyReader.varint()
        entry.timeNs = try bodyReader.signedVarint()
        entry.aheadNs = Int64(truncatingIfNeeded: try bodyReader.varint())
        entry.isAheadOfClock = try bodyReader.integer(UInt8.self) == 1
      }
      entries.append(entry)
    }
    return entries
  }
}

/// A document whose dedup id the log has already.
public struct DuplicateEvent: Sendable, Equatable {
  public var position: Int64
  /// The event that came first.
  public var firstSeq: UInt64
  public var id: [UInt8]
  public var timeNs: Int64
  /// Whether its document differs from that of the event it repeats, by a 64-bit hash whose key is the stream's secret.
  public internal(set) var isDifferent = false
  /// The first KiB of a document that differs.
  public internal(set) var head: [UInt8]
  var documentHash: UInt64

  init(_ batch: borrowing ParsedBatch, _ row: Int, firstSeq: UInt64) {
    let range = batch.documentRange(row)
    position = batch.positions[row]
    self.firstSeq = firstSeq
    id = batch.id(ofEvent: row) ?? []
    timeNs = batch.times[row]
    head = Array(batch.bytes[range.prefix(Limits.ledgerHeadBytes)])
    documentHash = IdHash.hash(
      batch.bytes.rawSpan, start: range.lowerBound, count: range.count,
      key: batch.definition.hashKey)
  }
}

/// An event that came after its source's watermark had passed it.
public struct LateEvent: Sendable, Equatable {
  public var seq: UInt64
  public var timeNs: Int64
  /// How far behind the watermark it was.
  public var behindNs: Int64
}
