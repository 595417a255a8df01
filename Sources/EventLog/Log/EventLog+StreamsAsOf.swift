import LMDB
import Model

/// There is no stream of that name.
public struct UnknownStreamError: Error, Equatable, CustomStringConvertible {
  public var name: String
  /// The streams there are.
  public var known: [String]
  public var description: String {
    known.isEmpty
      ? "no stream \"\(name)\": the store holds no stream yet"
      : "no stream \"\(name)\"; there are: \(known.joined(separator: ", "))"
  }
}

extension EventLog {

  /// The catalogue's documents, in order. O(documents) once, then O(those that are new).
  package func catalogueDocuments(
    _ transaction: borrowing ReadTransaction
  ) throws -> [CatalogueDocument] {
    let own = try systemStream(.catalogue, transaction)
    try requireComplete(own, transaction)
    return try changes.documents(own, committedSeq: committedSeq, store, transaction)
  }

  /// The same in a transaction of its own.
  package func catalogueDocuments() throws -> [CatalogueDocument] {
    try environment.read { try catalogueDocuments($0) }
  }

  /// What the stream was after event `seq`. O(documents of the catalogue) where it has been altered since.
  package func definition(
    of stream: EventStream, asOf seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> StreamDefinition {
    if stream.definition.version == 1 { return stream.definition }
    var found: StreamDefinition?
    for document in try catalogueDocuments(transaction) {
      if document.seq > seq, found != nil { break }
      guard let definition = StreamDefinition(document),
        definition.id == stream.definition.id
      else { continue }
      found = definition
    }
    try found?.settleReading()
    return found ?? stream.definition
  }

  /// The streams as the transaction sees them. A log that another process writes to may have learned more
  /// since it was opened.
  /// O(streams); for such a log O(catalogue) once for each commit that is seen.
  package func currentStreams(_ transaction: borrowing ReadTransaction) throws -> [EventStream] {
    if mode == .readWrite {
      return try StreamDefinition.system.map(system) + streams.map { try seen($0, transaction) }
    }
    let commit = transaction.commitNumber
    if let known = lastRead.withLock({ $0.commit == commit ? $0.streams : nil }) { return known }
    let streams = try Catalogue.load(catalogueDocuments(transaction), tables, transaction).all
    lastRead.withLock { $0 = (commit, streams) }
    return streams
  }

  /// The stream of a name as the transaction sees it; also one of the log's own. Throws ``UnknownStreamError``, and
  /// ``DamageError`` when its block index lacks some of what the totals say: found out once for each stream.
  package func stream(
    named name: String, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    let stream = try find(name, transaction)
    try requireComplete(stream, transaction)
    return stream
  }

  private func find(
    _ name: String, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    if let definition = StreamDefinition.system.first(where: { $0.name == name }) {
      return try systemStream(definition, transaction)
    }
    if mode == .readWrite, let stream = stream(named: name) { return try seen(stream, transaction) }
    let streams = try currentStreams(transaction)
    guard let stream = streams.first(where: { $0.name == name }) else {
      let known = streams.lazy.filter { !$0.definition.isSystem }.map(\.name)
      throw UnknownStreamError(name: name, known: known.sorted())
    }
    return stream
  }

  /// The stream as the transaction sees it: its facts may have been read anew since, or the catalogue is about to tell so.
  /// O(1), or O(catalogue) then.
  private func seen(
    _ stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    if try isOfBlocks(stream, transaction) { return stream }
    let head = try LogHead.read(tables, transaction)
    let documents = try catalogueDocuments(transaction).prefix { $0.seq < head.nextSeq }
    let then = try Catalogue.load(Array(documents), tables, transaction)
    return then.streams.first { $0.definition.id == stream.definition.id } ?? stream
  }

  /// Whether the stream's blocks, as the transaction sees them, are written by its definition.
  private func isOfBlocks(
    _ stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    let definition = stream.definition
    if definition.isSystem { return true }
    let totals = try StreamTotals.read(definition.id, tables, transaction)
    return totals?.factsSinceSeq ?? 0 == definition.factsSinceSeq ?? 0
  }

  /// Throws ``FactsReadAnewError`` when the stream, which was found in an earlier transaction, was altered since so that
  /// its blocks are others. O(1).
  func requireBlocks(
    of stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws {
    if try !isOfBlocks(stream, transaction) { throw FactsReadAnewError(name: stream.name) }
  }

  /// Throws ``FactsOfBeforeError`` when the facts that the stream had as of event `seq` are not there any more.
  package func requireFacts(of stream: EventStream, asOf seq: UInt64) throws {
    guard let sinceSeq = stream.definition.factsSinceSeq, seq < sinceSeq else { return }
    throw FactsOfBeforeError(name: stream.name, seq: seq, sinceSeq: sinceSeq)
  }

  private func systemStream(
    _ definition: StreamDefinition, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    if mode == .readWrite { return system(definition) }
    let commit = transaction.commitNumber
    let known = lastRead.withLock { $0.commit == commit ? $0.streams : [] }
    if let stream = known.first(where: { $0.definition.id == definition.id }) { return stream }
    // The catalogue is read to know the streams.
    return try Catalogue.stream(definition, tables, transaction)
  }
}
