import Bytes
import LMDB
import Zstd

/// The streams of a log.
struct Catalogue {
  /// The log's own streams, in the order of ``StreamDefinition/system``.
  let system: [EventStream]
  /// All others, in order of their making.
  var streams: [EventStream]
  /// No stream gets the number of one that was dropped.
  var nextId: UInt32

  var all: [EventStream] { system + streams }

  func stream(named name: String) -> EventStream? { streams.first { $0.name == name } }

  func system(_ definition: StreamDefinition) -> EventStream {
    guard let own = system.first(where: { $0.definition.id == definition.id }) else {
      preconditionFailure("\(definition.name) is none of the log's own streams")
    }
    return own
  }

  /// Reads the streams from the log: definitions from the `changes` that the catalogue's own stream records, and what
  /// was learned of each. O(changes + columns and shapes of the streams).
  static func load(
    _ changes: [CatalogueDocument], _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> Catalogue {
    var definitions: [StreamDefinition] = []
    var places: [UInt32: Int] = [:]
    var dropped: Set<UInt32> = []
    for document in changes {
      if var definition = StreamDefinition(document) {
        try definition.settleReading()
        if let place = places[definition.id] {
          definitions[place] = definition
        } else {
          places[definition.id] = definitions.count
          definitions.append(definition)
        }
      } else if document["change"] == "drop_stream",
        let id = document["id"].flatMap({ UInt32($0) })
      {
        dropped.insert(id)
      }
    }
    let nextId = definitions.reduce(StreamDefinition.firstUserId) { max($0, $1.id + 1) }
    definitions.removeAll { dropped.contains($0.id) }
    return Catalogue(
      system: try StreamDefinition.system.map { try stream($0, tables, transaction) },
      streams: try definitions.map { try stream($0, tables, transaction) }, nextId: nextId)
  }

  /// The same from the log itself, which is found to have all of the catalogue's events.
  static func load(
    _ changes: OwnDocuments, committedSeq: UInt64, _ tables: LogTables, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> Catalogue {
    let own = try stream(.catalogue, tables, transaction)
    try store.requireComplete(
      own, try StreamTotals.read(own.definition.id, tables, transaction), transaction)
    return try load(
      changes.documents(own, committedSeq: committedSeq, store, transaction), tables, transaction)
  }

  /// A stream with what was learned of it. O(columns and shapes).
  static func stream(
    _ definition: StreamDefinition, _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> EventStream {
    EventStream(definition: definition, schema: try schema(definition, tables, transaction))
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
