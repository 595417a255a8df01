import Bytes
import Model
import Zstd

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
