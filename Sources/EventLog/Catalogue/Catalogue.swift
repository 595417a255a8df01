import Bytes
import LMDB
import Model
import SimdJSON
import Zstd

/// The streams of a log.
struct Catalogue {
  /// The catalogue's own stream.
  let own: EventStream
  var streams: [EventStream]

  init(_ streams: [EventStream]) {
    self.streams = streams
    own =
      streams.first { $0.definition.id == StreamDefinition.catalogue.id }
      ?? EventStream(definition: .catalogue, schema: StreamSchema())
  }

  func stream(named name: String) -> EventStream? { streams.first { $0.name == name } }

  var nextId: UInt32 { (streams.map(\.definition.id).max() ?? own.definition.id) + 1 }

  /// Reads the streams from the log: definitions from the events of the catalogue, and what was learned of
  /// each. O(streams and their columns and shapes).
  static func load(
    _ tables: LogTables, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws -> [(EventStream, StreamTotals)] {
    let own = EventStream(
      definition: .catalogue,
      schema: try schema(StreamDefinition.catalogue.id, tables, transaction))
    try store.requireComplete(
      own, try StreamTotals.read(own.definition.id, tables, transaction), transaction)
    var streams = [own]
    for document in try documents(own, after: 0, store, transaction) {
      guard let definition = StreamDefinition(document) else { continue }
      streams.append(
        EventStream(
          definition: definition, schema: try schema(definition.id, tables, transaction)))
    }
    var loaded: [(EventStream, StreamTotals)] = []
    for stream in streams {
      let totals = try StreamTotals.read(stream.definition.id, tables, transaction)
      loaded.append((stream, totals ?? StreamTotals()))
    }
    return loaded
  }

  /// The catalogue's documents after event `seq`, in order. O(documents).
  static func documents(
    _ own: EventStream, after seq: UInt64, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> [CatalogueDocument] {
    let decompressor = ZstdDecompressor()
    let state = own.schema.snapshot()
    let program = ShapeProgram(state.trie.shapes)
    var found: [CatalogueDocument] = []
    for summary in try store.summaries(ofStream: own.definition.id, from: seq + 1, transaction) {
      let documents = try DocumentRenderer.documents(
        try store.reader(summary, transaction, decompressor), columns: state.columns,
        program: program)
      for index in documents.ends.indices where summary.firstSeq + UInt64(index) > seq {
        let bytes = Array(documents.bytes[documents.range(index)])
        found.append(CatalogueDocument(seq: summary.firstSeq + UInt64(index), bytes))
      }
    }
    return found
  }

  private static func schema(
    _ id: UInt32, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> StreamSchema {
    let prefix = Key().appending(id)
    var columns: [ColumnInfo] = []
    var fields: [Text] = []
    var cursor = try transaction.cursor(tables.columns)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.hasPrefix(prefix) {
      let number = Key.uint32(in: cursor.key, at: 4)
      if number == .max {
        guard let body = cursor.value.unsealed else {
          throw DamageError(what: "fields of stream \(id)")
        }
        var reader = ByteReader(body)
        for _ in 0..<(try reader.count()) { fields.append(Text(try reader.string())) }
      } else {
        guard number == UInt32(columns.count) else {
          throw DamageError(what: "column \(columns.count) of stream \(id) is missing")
        }
        columns.append(try ColumnInfo(cursor.value))
      }
      found = try cursor.next()
    }
    var shapes: [Shape] = []
    var shapeCursor = try transaction.cursor(tables.shapes)
    found = try shapeCursor.seek(atOrAfter: prefix)
    while found, shapeCursor.hasPrefix(prefix) {
      guard Key.uint32(in: shapeCursor.key, at: 4) == UInt32(shapes.count),
        let body = shapeCursor.value.unsealed
      else {
        throw DamageError(what: "shape \(shapes.count + 1) of stream \(id)")
      }
      var reader = ByteReader(body)
      shapes.append(try Shape(&reader))
      found = try shapeCursor.next()
    }
    return StreamSchema(columns: columns, shapes: shapes, fieldsWithoutColumn: fields)
  }
}

/// A stream or a KPI cannot have that name.
public struct StreamNameError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var description: String {
    "\(name.debugDescription) cannot be a name: use a letter, then letters, digits, "
      + "'_', '-' or '.', 100 in all at most"
  }
}

extension StreamDefinition {
  package static func checkName(_ name: String) throws {
    let isLegal =
      name.utf8.count <= 100 && name.first.map { $0.isASCII && $0.isLetter } == true
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
    if !isLegal { throw StreamNameError(name: name) }
  }

  /// Stands for the time's path when no document has a field that could be it.
  static let undetectedTimePath = timeNames.joined(separator: ", ")

  /// The definition that fits the first document that it makes an event; when there is none, the first that
  /// comes near.
  static func detect(
    name: String, _ options: StreamOptions, in batch: DocumentBatch
  ) -> (candidate: StreamDefinition?, isAccepted: Bool) {
    var candidate: StreamDefinition?
    var timeParser = TimeParser()
    let validator = SimdJSONValidator()
    var list = TokenList()
    for document in batch.documents {
      let range = Int(document.start)..<Int(document.start) + Int(document.byteCount)
      do throws(DocumentError) {
        try DocumentReader.scan(
          batch.bytes.rawSpan, range, explodePath: options.explodePath, validator: validator,
          into: &list)
        guard let definition = detect(name: name, options, from: list) else { continue }
        candidate = candidate ?? definition
        let token = list.tokens.first { list.paths[Int($0.path)].isPath(definition.timePath) }
        if token?.time(in: batch.bytes.rawSpan, &timeParser) == nil { continue }
        return (definition, true)
      } catch {
        continue
      }
    }
    return (candidate, false)
  }
}
