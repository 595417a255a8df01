import Bytes
import KafkaClient
import KafkaConnector
import Language
import LineProtocol
import Model
import Query
import Store

/// Reads topics of Kafka, as DEFINE SOURCE says.
struct KafkaFetcher: SourceFetcher {
  var settings: KafkaSettings
  private let store: Store

  /// Throws ``SourceOptionError``.
  init(_ source: DefinedSource, _ context: SourceContext) throws {
    settings = try KafkaSettings(source.definition, resumedSeq: source.resumedSeq, context.clock)
    store = context.store
  }

  func fetch(_ run: SourceRun) throws {
    do {
      try KafkaConsumption(settings, store, run).run()
    } catch let error as ConsumptionError where error.kind == .stopped {
      throw SourceStopError(error.description)
    }
  }
}

extension SourceRun: ConsumptionHooks {}

extension KafkaSettings {
  /// What a statement says. Throws ``SourceOptionError``.
  init(
    _ definition: DefineSource, resumedSeq: UInt64? = nil, _ clock: @escaping @Sendable () -> Int64
  ) throws {
    let options = SourceOptions(definition)
    let name = definition.name.text
    self.init(
      name: name, options: try options.kafkaClient(),
      topics: TopicChoice(
        try options.texts("topics").flatMap { $0.split(separator: ",").map(String.init) }),
      group: try options.text("group") ?? "nilo.\(name)",
      contents: try KafkaContents(definition, options, clock).contents)
    self.resumedSeq = resumedSeq
    hasStreamOfEachTopic = DocumentTarget(definition).isByTopic
    if let text = try options.text("partitions") {
      guard let share = PartitionShare(text) else {
        throw SourceOptionError("partitions: '\(text)' is not \(PartitionShare.forms)")
      }
      self.share = share
    }
    deadLetterTopic = try options.text("dead_letter")
    startsAtEnd = try options.text("start") == "latest"
    passesGaps = try options.text("on_gap") == "continue"
    if let count = options.number("commit_events") { limits.events = count }
    if let bytes = options.number("commit_bytes") { limits.bytes = bytes }
    if let ns = try options.lengthNs("commit_after") { limits.afterNs = ns }
    if let bytes = options.number("memory_bytes") { memoryBytes = bytes }
  }
}

/// What becomes of the value of a message: which documents it holds, and which stream each goes to.
struct KafkaContents: Sendable {
  private let source: String
  private let target: DocumentTarget
  private let isLines: Bool
  private let metadata: Set<String>
  private let mapping: DocumentMapping
  private let clock: @Sendable () -> Int64

  /// Throws ``SourceOptionError``.
  init(
    _ definition: DefineSource, _ options: SourceOptions, _ clock: @escaping @Sendable () -> Int64
  ) throws {
    (source, target, self.clock) = (definition.name.text, DocumentTarget(definition), clock)
    isLines = try options.text("format") == "line"
    metadata = Set(try options.texts("metadata"))
    mapping = try DocumentMapping(options)
    if isLines, !metadata.isEmpty {
      throw SourceOptionError("metadata goes with documents of JSON, and not with format 'line'")
    }
    if isLines, !mapping.isIdentity {
      throw SourceOptionError(
        "records, unnest, rename and constants go with documents of JSON, and not with format 'line'"
      )
    }
  }

  var contents: KafkaSettings.Contents {
    if let stream = target.onlyStream, !isLines, metadata.isEmpty, mapping.isIdentity {
      return .values(into: stream)
    }
    return .decoded { .documents(isLines ? lines($0) : documents($0)) }
  }

  private func documents(_ message: DecodableMessage) -> [MessageDocument] {
    if mapping.isIdentity { return [document(message)] }
    do throws(MappingFault) {
      return try mapping.documents(of: message.value).map { value in
        var part = message
        part.value = value
        return document(part)
      }
    } catch {
      let stream = target.onlyStream ?? target.stray
      return [MessageDocument(stream: stream, bytes: message.value, refusal: "\(error)")]
    }
  }

  private func document(_ message: DecodableMessage) -> MessageDocument {
    guard let stream = stream(of: message) else {
      return MessageDocument(
        stream: target.stray, bytes: message.value, refusal: target.strayReason(of: message.value))
    }
    // What is no object is no event either: the store says why, of the value as it came.
    let bytes = metadata.isEmpty ? nil : MessageMetadata(metadata).document(message)
    return MessageDocument(stream: stream, bytes: bytes ?? message.value)
  }

  private func stream(of message: DecodableMessage) -> String? {
    target.stream(of: message.value, topic: message.partition.topic)
  }

  /// Lines of InfluxDB's protocol: of each a document, in the stream that is said, or for `INTO FIELD` in that of its measurement.
  private func lines(_ message: DecodableMessage) -> [MessageDocument] {
    var splitter = LineSplitter(message.value, isEnd: true)
    var ranges: [Range<Int>] = []
    while let line = splitter.next() { ranges.append(line) }
    let reading = LineReading(
      parser: LineParser(unit: .nanoseconds), naming: .measurement, database: source,
      nowNs: message.timestampMs.map { $0 * 1_000_000 } ?? clock())
    let batches = PointBatches(
      LineChunks.Chunk(text: message.value, lines: ranges, firstLine: 1), reading
    ).batches
    var documents: [MessageDocument] = []
    for batch in batches {
      let stream: String
      if target.isByField {
        stream = batch.stream
      } else {
        stream = self.stream(of: message) ?? target.stray
      }
      for range in batch.documents.documents {
        let end = Int(range.start) + Int(range.byteCount)
        var document = MessageDocument(
          stream: stream, bytes: Array(batch.documents.bytes[Int(range.start)..<end]))
        document.options = batch.options
        documents.append(document)
      }
      for refused in batch.documents.refused {
        documents.append(
          MessageDocument(
            stream: stream, bytes: refused.head,
            refusal: "line \(refused.position): \(refused.reason)"))
      }
    }
    return documents
  }
}
