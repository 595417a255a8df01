import Bytes
import KafkaClient
import Model
import Store

/// What of one partition is on its way into the store: messages are taken in the order of their offsets, collected into
/// batches, and each batch is durable before the next one is handed over. A pure state machine: it knows no broker and no store.
///
/// ```
/// collecting ──isDue──► handOver() ──► on its way ──landed()──► collecting
/// ```
///
/// Messages are collected meanwhile. When a batch fails the intake is thrown away, and another one begins from what the store
/// has noted.
struct PartitionIntake {
  let partition: KafkaPartition
  /// Where the next message is expected, and the last one that was taken.
  private(set) var position: PartitionPosition
  /// What is durable.
  private(set) var durable: PartitionPosition
  /// Whether there was nothing more when it was asked last.
  private(set) var isAtEnd = false
  private(set) var isOnItsWay = false
  /// What is collected, in the order of the first document of each stream.
  private var batches: [StreamBatch] = []
  private(set) var documentCount = 0
  private(set) var byteCount = 0
  /// Bytes that were handed over and have not landed.
  private(set) var bytesOnTheirWay = 0
  /// When the first thing came that is not handed over; nil when there is nothing.
  private var waitingSinceNs: Int64?
  /// How far each stream had got with this partition when it was asked: what is before that is in it already.
  private var streamEnds: [String: Int64] = [:]
  /// That of the stream that was asked for last, which is the next one most often.
  private var lastEnd: (stream: String, offset: Int64)?
  /// Messages without a value, which are no documents.
  private(set) var emptyCount = 0

  /// Documents for one stream.
  struct StreamBatch: Equatable {
    var stream: String
    /// What the stream is to be, if there is none yet.
    var options: StreamOptions
    var documents: DocumentBatch

    static func == (left: Self, right: Self) -> Bool {
      left.stream == right.stream && left.documents.bytes == right.documents.bytes
        && left.documents.documents == right.documents.documents
        && left.documents.refused == right.documents.refused
        && left.documents.endPosition == right.documents.endPosition
    }
  }

  /// What is handed over: batches that are to be durable, and the position once they are.
  struct Flight: Equatable {
    var batches: [StreamBatch]
    var position: PartitionPosition
  }

  init(_ partition: KafkaPartition, from position: PartitionPosition) {
    (self.partition, self.position, durable) = (partition, position, position)
  }

  /// Whether a message is to be decoded and taken. One that was taken before is not; that which was the last one has to be the
  /// same as it was. Throws ``PartitionGap`` when it is not: the topic is another one.
  func expects(offset: Int64, hash: @autoclosure () -> UInt64) throws(PartitionGap) -> Bool {
    if offset >= position.next { return true }
    if let last = durable.last, last.offset == offset, last == position.last, hash() != last.hash {
      throw PartitionGap(.recreated, after: durable, resumesAt: 0)
    }
    return false
  }

  /// Takes a message that ``expects(offset:hash:)`` said to. `endOf` is asked once for each stream: how far it has got with the
  /// partition, nil for not at all.
  mutating func take(
    offset: Int64, hash: UInt64, _ contents: MessageContents, nowNs: Int64,
    endOf: (String) throws -> Int64?
  ) rethrows {
    switch contents {
    case .nothing: emptyCount += 1
    case .documents(let documents):
      for document in documents {
        if try isIn(document.stream, offset, endOf) { continue }
        let place = place(of: document.stream, document.options)
        batches[place].documents.append(document, at: offset)
        documentCount += 1
        byteCount += document.byteCount
      }
    }
    moveOn(to: offset + 1, last: PartitionPosition.Seen(offset: offset, hash: hash), nowNs)
  }

  /// The same for a value that is the document, without a copy in between.
  mutating func take(
    offset: Int64, hash: UInt64, value: RawSpan, into stream: String, nowNs: Int64,
    endOf: (String) throws -> Int64?
  ) rethrows {
    if value.byteCount == 0 {
      emptyCount += 1
    } else if try !isIn(stream, offset, endOf) {
      let place = place(of: stream, StreamOptions())
      batches[place].documents.append(value, at: offset)
      documentCount += 1
      byteCount += value.byteCount
    }
    moveOn(to: offset + 1, last: PartitionPosition.Seen(offset: offset, hash: hash), nowNs)
  }

  /// Takes note that there is nothing before `offset` that was not taken: offsets of transactions that were aborted, and of
  /// messages that compaction has removed, have no message.
  mutating func reachEnd(at offset: Int64, nowNs: Int64) {
    isAtEnd = true
    if offset > position.next { moveOn(to: offset, last: position.last, nowNs) }
    isAtEnd = true
  }

  private mutating func moveOn(to next: Int64, last: PartitionPosition.Seen?, _ nowNs: Int64) {
    precondition(next >= position.next, "a partition is read backwards")
    (position.next, position.last, isAtEnd) = (next, last, false)
    if waitingSinceNs == nil { waitingSinceNs = nowNs }
  }

  private mutating func isIn(
    _ stream: String, _ offset: Int64, _ endOf: (String) throws -> Int64?
  ) rethrows -> Bool {
    if let lastEnd, lastEnd.stream == stream { return offset < lastEnd.offset }
    let end = try streamEnds[stream] ?? endOf(stream) ?? 0
    streamEnds[stream] = end
    lastEnd = (stream, end)
    return offset < end
  }

  private mutating func place(of stream: String, _ options: StreamOptions) -> Int {
    if let place = batches.firstIndex(where: { $0.stream == stream }) { return place }
    batches.append(
      StreamBatch(
        stream: stream, options: options,
        documents: DocumentBatch(bytes: [], documents: [], endPosition: 0)))
    return batches.count - 1
  }

  /// Whether what is collected is to be handed over now. Where there is more at the broker a batch fills up soon: it has longer,
  /// since small blocks would have to be merged again.
  func isDue(
    _ limits: CommitLimits, nowNs: Int64, isBehind: @autoclosure () -> Bool = false
  ) -> Bool {
    guard !isOnItsWay, let waitingSinceNs else { return false }
    if documentCount >= limits.events || byteCount >= limits.bytes { return true }
    let waitedNs = nowNs - waitingSinceNs
    return waitedNs >= limits.afterNs
      && (waitedNs / Self.timesLongerBehind >= limits.afterNs || !isBehind())
  }

  private static let timesLongerBehind: Int64 = 4

  /// Whether no more can be taken before what was handed over has landed.
  func isFull(_ limits: CommitLimits) -> Bool {
    documentCount >= limits.events || byteCount >= limits.bytes
  }

  /// How much is to be handed over, in bytes, or as much as it costs where documents are small; 0 while something is on its way.
  var weight: Int { isOnItsWay ? 0 : max(byteCount, documentCount * Self.bytesOfSmallDocument) }

  private static let bytesOfSmallDocument = 256

  /// Whether there is anything that is not durable.
  var isDone: Bool { !isOnItsWay && waitingSinceNs == nil }

  /// Hands over what is collected.
  mutating func handOver() -> Flight {
    precondition(!isOnItsWay, "two batches of a partition are on their way")
    let flight = Flight(batches: batches, position: position)
    bytesOnTheirWay = byteCount
    (isOnItsWay, batches, documentCount, byteCount, waitingSinceNs) = (true, [], 0, 0, nil)
    return flight
  }

  /// Takes note that what was handed over is durable, up to `position`.
  mutating func landed(at position: PartitionPosition) {
    precondition(isOnItsWay && position.next >= durable.next, "what landed was not on its way")
    (isOnItsWay, durable, bytesOnTheirWay) = (false, position, 0)
  }

  /// Takes note that all messages that are no events are in their topic, of what is durable. Nothing is on its way.
  mutating func lettersAreIn() {
    precondition(!isOnItsWay, "letters of a batch that is on its way")
    durable.letters?.offset = durable.next
    position.letters = durable.letters
  }

  /// How many offsets there are that were not taken, when the partition ends before `end`.
  func lag(end: Int64?) -> Int64 { isAtEnd ? 0 : max(0, (end ?? position.next) - position.next) }
}

/// When what is collected of a partition is committed: at the first of them.
public struct CommitLimits: Sendable, Equatable {
  /// At most ``Limits/maxBlockEvents``, so that a batch is one commit.
  public var events = 32_768
  public var bytes = 8 << 20
  public var afterNs: Int64 = 250_000_000

  public init() {}
}

/// What a message holds.
public enum MessageContents: Sendable {
  /// It has no value.
  case nothing
  case documents([MessageDocument])
}

/// A document of a message, or what could not be read as one.
public struct MessageDocument: Sendable, Equatable {
  public var stream: String
  public var bytes: [UInt8]
  /// Why it is none: then `bytes` are for the ledger.
  public var refusal: String?
  /// What the stream is to be, if there is none yet.
  public var options = StreamOptions()

  public init(stream: String, bytes: [UInt8], refusal: String? = nil) {
    (self.stream, self.bytes, self.refusal) = (stream, bytes, refusal)
  }

  var byteCount: Int { bytes.count }
}

extension DocumentBatch {
  fileprivate mutating func append(_ document: MessageDocument, at offset: Int64) {
    if let reason = document.refusal {
      refuse(document.bytes.rawSpan, reason, at: offset)
    } else {
      append(document.bytes.rawSpan, at: offset)
    }
  }

  fileprivate mutating func append(_ value: RawSpan, at offset: Int64) {
    guard value.byteCount <= Limits.maxDocumentBytes else {
      return refuse(
        value,
        "document of \(value.byteCount) bytes is over the limit of \(Limits.maxDocumentBytes) bytes",
        at: offset)
    }
    documents.append(
      DocumentRange(
        start: UInt32(bytes.count), byteCount: UInt32(value.byteCount), position: offset))
    bytes.append(span: value)
    endPosition = offset + 1
  }

  private mutating func refuse(_ value: RawSpan, _ reason: String, at offset: Int64) {
    var head: [UInt8] = []
    head.append(span: value.extracting(first: min(value.byteCount, Limits.ledgerHeadBytes)))
    refused.append(RefusedDocument(position: offset, reason: reason, head: head))
    endPosition = offset + 1
  }
}
