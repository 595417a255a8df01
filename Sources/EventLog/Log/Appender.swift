import Bytes
import Model
import Threads
import Zstd

/// Appends batches to a log: parses, sequences, encodes and hands over to the committer. It keeps what can be
/// used again from batch to batch, so each thread has one of its own.
package final class Appender {
  /// Parsers that are kept at most; each knows the shapes of one stream.
  private static let maxParsers = 32

  private unowned let log: EventLog
  private var parsers: [UInt32: (stream: EventStream, parser: BatchParser)] = [:]
  private var encoder: BlockEncoder
  private let decompressor: ZstdDecompressor
  private var rendered = BlockDocuments()

  /// An appender for one thread at a time. The log has to outlive it. Throws `ZstdError` when there is no memory for a
  /// compressor.
  package init(_ log: EventLog) throws {
    self.log = log
    encoder = try BlockEncoder()
    decompressor = ZstdDecompressor()
  }

  /// A batch that is parsed: one part for each block that it will make.
  package struct Parsed {
    var parts: [(batch: ParsedBatch, hits: IndexHits)]
    var stream: EventStream
    /// To be committed with the last part.
    var progress: SourceProgress?
    /// To be committed with the one part.
    var request: RequestMark?

    /// The field that is the time of elements, if that was to be detected and these are the first that have it.
    func elementTime(in batch: DocumentBatch) throws -> String? {
      let definition = stream.definition
      guard definition.undetected.contains(.elementTime) else { return nil }
      let columns = stream.schema.snapshot().columns
      let names = definition.elementTimePaths
      let isThere = parts.contains { part in
        part.batch.columns.indices.contains { number in
          columns[number].isElement && !part.batch.columns[number].values.isEmpty
            && names.contains { Text($0) == columns[number].path }
        }
      }
      if !isThere { return nil }
      var options = StreamOptions(
        timePath: definition.timePath, dedup: .none, explodePath: definition.explodePath)
      (options.timeZone, options.timeUnit) = (definition.timeZone, definition.timeUnit)
      options.timeFormat = definition.timeFormat
      return try Detection.definition(name: stream.name, options, in: batch, limit: .max)
        .candidate?.elementTimePath
    }
  }

  /// A batch that has its place in the log.
  package struct Sequenced {
    var parts: [SequencedBatch]
    var stream: EventStream

    /// What a batch that must not be stored without this one names.
    package var epoch: Int? { parts.last?.place.epoch }
  }

  /// Parses `batch` and looks its ids up in the dedup index. O(bytes); many threads can do it side by side.
  package func parse(_ batch: DocumentBatch, of stream: EventStream) -> Parsed {
    let id = stream.definition.id
    var known = parsers.removeValue(forKey: id)
    // An altered stream is another one.
    if known?.stream !== stream { known = nil }
    var parser =
      known?.parser ?? BatchParser(definition: stream.definition, schema: stream.schema)
    // A stream that could not be made has no number of its own.
    defer {
      if parsers.count >= Self.maxParsers { parsers = [:] }
      if id != 0 { parsers[id] = (stream, parser) }
    }
    var parts: [(batch: ParsedBatch, hits: IndexHits)] = []
    var start = 0
    repeat {
      let end = min(start + Limits.maxBlockEvents, batch.documents.count)
      let part = parser.parse(batch, range: start..<end)
      parts.append((part, log.lookUp(part)))
      start = end
    } while start < batch.documents.count
    precondition(
      batch.request == nil || parts.count == 1, "a batch of a request is more than a block")
    return Parsed(parts: parts, stream: stream, progress: batch.progress, request: batch.request)
  }

  /// What ``parse(_:of:)`` gave of `batch`, parsed again when the stream was altered since, or when the batch is the
  /// first with elements that have a time. To be asked when the batch has its turn.
  /// Throws ``StreamAlteredError`` when the stream was dropped. O(bytes) for each time that it is parsed again.
  private func upToDate(_ parsed: consuming Parsed, _ batch: DocumentBatch) throws -> Parsed {
    var current = parsed
    if let path = try current.elementTime(in: batch), log.isCurrent(current.stream.definition) {
      do {
        // Its commit comes after that of batches which workers have yet to encode.
        _ = try WorkerPool.shared.blocking {
          try log.alter(current.stream.name, actor: "nilo", mayReadAnew: false) { definition in
            guard definition.elementTimePath == nil else { return }
            definition.elementTimePath = path
            definition.undetected.remove(.elementTime)
          }
        }
      } catch is StreamAlterationError {
        // Elements of before have the field, too: it stays unused, which is told.
      }
    }
    log.awaitAlteration(of: current.stream.definition.id)
    while !log.isCurrent(current.stream.definition) {
      guard let stream = log.stream(named: current.stream.name) else {
        throw StreamAlteredError(name: current.stream.name)
      }
      current = parse(batch, of: stream)
    }
    return current
  }

  /// Gives the batch, of which ``parse(_:of:)`` gave `parsed`, its place: what is sequenced first is committed first.
  /// ``submit(_:)`` has to follow. While its stream is altered it waits, and is parsed again.
  ///
  /// With the `epoch` of an earlier batch, throws ``EarlierCommitFailedError`` when a commit has failed since.
  package func sequence(
    _ parsed: consuming Parsed, _ batch: DocumentBatch, source: String, actor: String,
    epoch: Int? = nil
  ) throws -> Sequenced {
    try sequence(parsed, batch, source: source, actor: actor, turning: [], epoch: epoch)
  }

  private func sequence(
    _ parsed: consuming Parsed, _ batch: DocumentBatch, source: String, actor: String,
    turning turns: [SourceTurn], altering alteration: Alteration? = nil, epoch: Int?
  ) throws -> Sequenced {
    var current = try upToDate(parsed, batch)
    while true {
      do {
        return try sequence(
          current, source: source, actor: actor, turning: turns, altering: alteration,
          epoch: epoch)
      } catch is StreamAlteredError where current.parts.count == 1 {
        // Of several parts some may have a place.
        current = try upToDate(current, batch)
      }
    }
  }

  private func sequence(
    _ parsed: consuming Parsed, source: String, actor: String, turning turns: [SourceTurn],
    altering alteration: Alteration? = nil, epoch: Int?
  ) throws -> Sequenced {
    let stream = parsed.stream
    var parts: [SequencedBatch] = []
    do {
      for (number, part) in parsed.parts.enumerated() {
        parts.append(
          try log.sequence(
            part.batch, of: stream, part.hits, source: source, actor: actor, turning: turns,
            altering: alteration,
            progress: number == parsed.parts.count - 1 ? parsed.progress : nil,
            request: parsed.request, epoch: parts.last?.place.epoch ?? epoch))
      }
    } catch {
      // The committer waits for every place that was given away.
      for part in parts { _ = try log.submit(part.place, .failure(error), stream) }
      throw error
    }
    return Sequenced(parts: parts, stream: stream)
  }

  /// Encodes the batch and hands it to the committer.
  /// One that cannot be encoded fails what is given, and with it the batches that got their places since. O(bytes).
  package func submit(_ sequenced: consuming Sequenced) throws -> [PendingAppend] {
    let stream = sequenced.stream
    return try sequenced.parts.map { part in
      try log.submit(part.place, Result { try encode(part) }, stream)
    }
  }

  /// Appends `batch` and waits until it is durable.
  package func append(
    _ batch: DocumentBatch, to stream: EventStream, source: String, actor: String
  ) throws -> AppendResult {
    try append(batch, to: stream, source: source, actor: actor, turning: [])
  }

  /// Appends `batch`; records of openings and closings say of which sources.
  func append(
    _ batch: DocumentBatch, to stream: EventStream, source: String, actor: String,
    turning turns: [SourceTurn], altering alteration: Alteration? = nil
  ) throws -> AppendResult {
    let pending = try begin(
      batch, to: stream, source: source, actor: actor, turning: turns, altering: alteration)
    var result = AppendResult()
    for part in pending { result.merge(try part.wait()) }
    return result
  }

  /// Does all but the waiting; gives the parts, in order.
  package func begin(
    _ batch: DocumentBatch, to stream: EventStream, source: String, actor: String
  ) throws -> [PendingAppend] {
    try begin(batch, to: stream, source: source, actor: actor, turning: [], altering: nil)
  }

  private func begin(
    _ batch: DocumentBatch, to stream: EventStream, source: String, actor: String,
    turning turns: [SourceTurn], altering alteration: Alteration?
  ) throws -> [PendingAppend] {
    let sequenced = try sequence(
      parse(batch, of: stream), batch, source: source, actor: actor, turning: turns,
      altering: alteration, epoch: nil)
    return try submit(sequenced)
  }

  private func encode(_ batch: SequencedBatch) throws -> EncodedBlock? {
    guard batch.parsed.eventCount > 0 else { return nil }
    let (place, envelope) = (batch.place, batch.place.envelope)
    let piece = BlockPiece(
      firstSeq: place.firstSeq, eventCount: batch.parsed.eventCount,
      receivedNs: envelope.receivedNs, reachNs: envelope.reachNs, source: envelope.source,
      actor: envelope.actor)
    var block = try encoder.encode(batch.parsed, piece)
    if try !block.givesBack(batch.parsed, &rendered, decompressor) {
      // Never seen; but the original bytes are what everything else is proven from.
      block = try encoder.encode(batch.parsed, piece, keepsWhole: true)
    }
    block.documentHashes = batch.parsed.documentHashes
    return block
  }
}
