import Bytes
import LMDB
import Zstd

/// The streams of a log.
struct Catalogue {
  /// The catalogue's own stream.
  let own: EventStream
  var streams: [EventStream]

  init(_ streams: [EventStream], nextId: UInt32) {
    self.streams = streams
    self.nextId = nextId
    own =
      streams.first { $0.definition.id == StreamDefinition.catalogue.id }
      ?? EventStream(definition: .catalogue, schema: StreamSchema())
  }

  func stream(named name: String) -> EventStream? { streams.first { $0.name == name } }

  /// No stream gets the number of one that was dropped.
  var nextId: UInt32

  /// Reads the streams from the log: definitions from the events of the catalogue, and what was learned of
  /// each. O(streams and their columns and shapes).
  static func load(
    _ tables: LogTables, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws -> (streams: [(EventStream, StreamTotals)], nextId: UInt32) {
    let own = EventStream(
      definition: .catalogue, schema: try schema(.catalogue, tables, transaction))
    try store.requireComplete(
      own, try StreamTotals.read(own.definition.id, tables, transaction), transaction)
    var definitions: [StreamDefinition] = []
    var nextId = StreamDefinition.catalogue.id + 1
    for document in try documents(own, after: 0, store, transaction) {
      if var definition = StreamDefinition(document) {
        try definition.settleReading()
        nextId = max(nextId, definition.id + 1)
        if let index = definitions.firstIndex(where: { $0.id == definition.id }) {
          definitions[index] = definition
        } else {
          definitions.append(definition)
        }
      } else if document["change"] == "drop_stream" {
        definitions.removeAll { "\($0.id)" == document["id"] }
      }
    }
    let streams =
      try [own]
      + definitions.map {
        EventStream(definition: $0, schema: try schema($0, tables, transaction))
      }
    var loaded: [(EventStream, StreamTotals)] = []
    for stream in streams {
      let totals = try StreamTotals.read(stream.definition.id, tables, transaction)
      loaded.append((stream, totals ?? StreamTotals()))
    }
    return (loaded, nextId)
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
    _ definition: StreamDefinition, _ tables: LogTables,
    _ transaction: borrowing ReadTransaction
  ) throws -> StreamSchema {
    let id = definition.id
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
    return StreamSchema(
      columns: columns, shapes: shapes, fieldsWithoutColumn: fields, of: definition)
  }
}
