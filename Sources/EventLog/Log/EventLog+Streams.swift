import Bytes
import Foundation
import Model

/// The streams of a log: those that there are, and how one is made.
extension EventLog {
  /// The streams, in order of their making; the log's own are not among them.
  public var streams: [EventStream] {
    catalogue.withLock { $0.streams }
  }

  /// A stream of users by its name; nil when there is none. In a log that is open for reading, of those that there were
  /// when it was opened. O(streams).
  public func stream(named name: String) -> EventStream? {
    catalogue.withLock { $0.stream(named: name) }
  }

  /// The last event that is durable.
  package var committedSeq: UInt64 {
    mode == .readWrite ? committed.withLock { $0.head.nextSeq - 1 } : .max
  }

  /// One of the log's own streams.
  func system(_ definition: StreamDefinition) -> EventStream {
    catalogue.withLock { $0.system(definition) }
  }

  /// Makes a stream. Throws ``StreamExistsError`` when there is one of that name.
  @discardableResult
  public func define(
    _ definition: StreamDefinition, actor: String = "nilo"
  ) throws -> EventStream {
    try defining.withLock {
      if let existing = stream(named: definition.name) {
        throw StreamExistsError(name: existing.name)
      }
      return try add(definition, actor: actor)
    }
  }

  /// The stream of that name, which is made if need be from the first of `documents` that can be an
  /// event; nil when there is none and no document can.
  /// Throws ``StreamNameError``, and when it is made ``StreamDefinitionError``, ``DedupByTimeError`` and what a
  /// participant says of its name. O(documents that are looked at).
  package func stream(
    named name: String, _ options: StreamOptions, detectingFrom batch: DocumentBatch
  ) throws -> EventStream? {
    try StreamDefinition.checkName(name)
    if let known = stream(named: name) { return known }
    return try defining.withLock {
      if let known = stream(named: name) { return known }
      let detected = try Detection.definition(name: name, options, in: batch)
      guard let definition = detected.candidate, detected.isAccepted else { return nil }
      return try add(definition, actor: "nilo")
    }
  }

  /// Stands for a stream that could not be made, since no document told what it is like: what is appended
  /// to it can only be rejected.
  package func undetectedStream(
    _ name: String, _ options: StreamOptions, for batch: DocumentBatch
  ) throws -> EventStream {
    var definition =
      try Detection.definition(name: name, options, in: batch).candidate
      ?? StreamDefinition(
        name: name, timePath: StreamDefinition.undetectedTimePath, explodePath: options.explodePath)
    try definition.settleReading()
    return EventStream(definition: definition, schema: StreamSchema())
  }

  private func add(_ definition: StreamDefinition, actor: String) throws -> EventStream {
    var definition = try definition.checked()
    for participant in participants.all {
      try participant.checkName(ofStream: definition.name)
    }
    definition.id = catalogue.withLock { $0.nextId }
    definition.hashKey = .random(in: .min ... .max)
    _ = try append(
      [definition.document(receivedNs: clock())], to: system(.catalogue), actor: actor)
    let stream = EventStream(definition: definition, schema: StreamSchema())
    catalogue.withLock {
      $0.streams.append(stream)
      $0.nextId = definition.id + 1
    }
    return stream
  }

  /// Appends a document to the catalogue; gives its sequence number. `change` says what has changed, and is told
  /// the time to write into it.
  @discardableResult
  package func record(actor: String, _ change: (Int64) -> [UInt8]) throws -> UInt64 {
    try append([change(clock())], to: system(.catalogue), actor: actor)
  }

  /// Appends documents to one of the log's own streams, but for those of which it has the ids already; gives how many are
  /// new. `documents` is told the time to write into them.
  @discardableResult
  package func record(
    in own: StreamDefinition, actor: String, _ documents: (Int64) -> [[UInt8]]
  ) throws -> Int {
    let all = documents(clock())
    if all.isEmpty { return 0 }
    let result = try append(Self.batch(all), to: system(own), actor: actor)
    guard result.accepted + result.duplicates.count == all.count else {
      throw DamageError(what: "a document of stream \(own.name) was not accepted")
    }
    return result.accepted
  }

  private static func batch(_ documents: [[UInt8]]) -> DocumentBatch {
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: 0)
    for document in documents {
      batch.documents.append(
        DocumentRange(
          start: UInt32(batch.bytes.count), byteCount: UInt32(document.count), position: 0))
      batch.bytes += document
    }
    return batch
  }

  private func append(
    _ batch: DocumentBatch, to own: EventStream, actor: String, turning turns: [SourceTurn] = [],
    altering alteration: Alteration? = nil
  ) throws -> AppendResult {
    try withAppender {
      try $0.append(
        batch, to: own, source: "nilo", actor: actor, turning: turns, altering: alteration)
    }
  }

  /// Gives the sequence number of the first document.
  func append(
    _ documents: [[UInt8]], to own: EventStream, actor: String, turning turns: [SourceTurn] = [],
    altering alteration: Alteration? = nil
  ) throws -> UInt64 {
    let result = try append(
      Self.batch(documents), to: own, actor: actor, turning: turns, altering: alteration)
    guard let seq = result.firstSeq, result.accepted == documents.count else {
      throw DamageError(what: "a document of stream \(own.name) was not accepted")
    }
    return seq
  }
}

/// A stream of that name exists already.
public struct StreamExistsError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var description: String { "stream \"\(name)\" exists already" }
}
