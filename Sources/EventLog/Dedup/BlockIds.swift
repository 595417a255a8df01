import Bytes
import LMDB
import Model
import SimdJSON
import Zstd

/// The dedup ids and times of one stored block.
struct BlockIds {
  let seqs: EventSeqs
  let times: [Int64]
  private let hashKey: UInt64
  private var ids: [[UInt8]?] = []
  /// When all ids are plain strings, they are here instead of in `ids`.
  private var strings = StringValues()
  private var isPlain = false

  /// Reads the ids of a block. O(block's ids).
  init(
    _ summary: BlockSummary, of stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws {
    try self.init(store.reader(summary, transaction, ZstdDecompressor()), of: stream)
  }

  /// Reads the ids of the block that `reader` reads. O(block's ids), or O(block) when an id is only in its document.
  init(_ reader: BlockReader, of stream: EventStream) throws {
    seqs = try reader.seqs()
    hashKey = stream.definition.hashKey
    times = try reader.times(.times)
    let state = stream.schema.snapshot()
    guard times.count == reader.header.eventCount, seqs.count == times.count else {
      throw reader.damage
    }
    let fields = try stream.definition.idPaths.map {
      try Self.columns(reader, of: $0, state.columns)
    }
    let columns = fields.joined()
    if fields.count == 1, columns.count == 1, let column = columns.first, column.kind == .string,
      column.count == times.count, !column.strings.bytes.contains(JSONText.backslash)
    {
      strings = column.strings
      isPlain = true
    } else if columns.contains(where: \.kind.isHardNumber)
      || !state.fieldsWithoutColumn.isEmpty && reader.header.section(.documents) != nil
    {
      // The text of such an id is only in its document, and so is an id that got no column.
      try readDocuments(reader, stream, state)
    } else {
      ids = Self.compose(fields.map { Self.merge($0, count: reader.header.eventCount) })
    }
  }

  private static func columns(
    _ reader: BlockReader, of path: String, _ infos: [ColumnInfo]
  ) throws -> [ColumnValues] {
    var columns: [ColumnValues] = []
    for (number, info) in infos.enumerated()
    where info.path.string.isPath(path) && !info.isElement
      && (info.kind == .string || info.kind.isNumber)
    {
      if let column = try reader.column(Int32(number), info) { columns.append(column) }
    }
    return columns
  }

  private static func merge(_ columns: [ColumnValues], count: Int) -> [[UInt8]?] {
    var ids: [[UInt8]?] = Array(repeating: nil, count: count)
    for column in columns {
      var index = 0
      for row in 0..<count where column.presence[row] {
        let text = column.text(index)
        // An empty string is no id.
        ids[row] = text.isEmpty ? nil : text
        index += 1
      }
    }
    return ids
  }

  /// The ids that the values of their fields make.
  private static func compose(_ fields: [[[UInt8]?]]) -> [[UInt8]?] {
    if fields.count == 1 { return fields[0] }
    return (fields.first ?? []).indices.map { row in
      var id: [UInt8] = []
      for (index, field) in fields.enumerated() {
        guard let text = field[row] else { return nil }
        id.appendIdPart(text, index)
      }
      return id
    }
  }

  private mutating func readDocuments(
    _ reader: BlockReader, _ stream: EventStream, _ state: StreamSchema.State
  ) throws {
    let documents = try DocumentRenderer.documents(
      reader, columns: state.columns, program: ShapeProgram(state.trie.shapes))
    var list = TokenList()
    let paths = stream.definition.idPaths
    var fields: [[[UInt8]?]] = Array(repeating: [], count: paths.count)
    for event in documents.ends.indices {
      var scanner = DocumentScanner(
        documents.bytes.rawSpan, range: documents.range(event),
        explodePath: stream.definition.explodePath)
      try scanner.scan(into: &list)
      for (index, path) in paths.enumerated() {
        // The time is no id, as it has no column.
        let isTime = path.isPath(stream.definition.timePath)
        fields[index].append(isTime ? nil : Self.text(at: path, list, documents.bytes.rawSpan))
      }
    }
    ids = Self.compose(fields)
  }

  /// The first value at `path`, which counts if it can be an id.
  private static func text(at path: String, _ list: TokenList, _ bytes: RawSpan) -> [UInt8]? {
    let token = list.tokens.first {
      [.string, .number, .hardNumber, .bool, .opaque].contains($0.kind)
        && list.paths[Int($0.path)].isPath(path)
    }
    guard let token, token.start < token.end,
      [.string, .number, .hardNumber].contains(token.kind)
    else { return nil }
    var text: [UInt8] = []
    JSONText.unescape(bytes, token.start..<token.end, into: &text)
    return text
  }

  var count: Int { times.count }

  /// The dedup id of the block's event `row`; nil when it has none.
  func id(_ row: Int) -> [UInt8]? {
    guard isPlain else { return ids[row] }
    let range = strings.range(row)
    return range.isEmpty ? nil : Array(strings.bytes[range])
  }

  /// Whether event `row` has this id.
  func isId(_ id: [UInt8], _ row: Int) -> Bool {
    guard isPlain else { return ids[row] == id }
    return strings.bytes.rawSpan(strings.range(row)).isEqual(to: id.rawSpan)
  }

  /// The hash of event `row`'s id; nil when it has none.
  func hash(_ row: Int) -> UInt64? {
    if isPlain {
      let range = strings.range(row)
      if range.isEmpty { return nil }
      return IdHash.hash(
        strings.bytes.rawSpan, start: range.lowerBound, count: range.count, key: hashKey)
    }
    return ids[row].map { IdHash.hash($0.rawSpan, start: 0, count: $0.count, key: hashKey) }
  }
}

/// The dedup ids and times of a batch that is not a stored block yet: so much of it is kept until then.
struct BatchIds {
  let times: [Int64]
  private var strings = StringValues()

  init(_ batch: borrowing ParsedBatch) {
    times = batch.times
    strings.ends.reserveCapacity(times.count)
    for row in batch.times.indices {
      batch.appendId(ofEvent: row, to: &strings.bytes)
      strings.ends.append(UInt32(strings.bytes.count))
    }
  }

  /// Whether event `row` has this id, which is not empty.
  func isId(_ id: [UInt8], _ row: Int) -> Bool {
    strings.bytes.rawSpan(strings.range(row)).isEqual(to: id.rawSpan)
  }
}

/// What tells a block from all others there have been: a merged one begins where one of its own began.
struct BlockName: Hashable {
  private let firstSeq: UInt64
  private let lastSeq: UInt64

  init(_ summary: BlockSummary) { (firstSeq, lastSeq) = (summary.firstSeq, summary.lastSeq) }
}

/// The ids of the blocks that duplicates were found in lately: they mostly repeat recent events.
struct BlockIdCache {
  private var blocks: [BlockName: BlockIds] = [:]
  private var order: [BlockName] = []
  /// Some 600 KB each.
  private static let maxBlocks = 12

  /// The ids of the block that holds `seq`, read if need be.
  mutating func ids(
    ofBlockWith seq: UInt64, of stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> BlockIds {
    guard
      let summary = try store.summaries(
        ofStream: stream.definition.id, from: seq, limit: 1, transaction
      ).first, summary.firstSeq <= seq
    else { throw Self.missing(seq) }
    let name = BlockName(summary)
    if let known = blocks[name] { return known }
    let ids = try BlockIds(summary, of: stream, store, transaction)
    if order.count >= Self.maxBlocks { blocks[order.removeFirst()] = nil }
    order.append(name)
    blocks[name] = ids
    return ids
  }

  static func missing(_ seq: UInt64) -> DamageError {
    DamageError(what: "dedup index points to a missing event", firstSeq: seq)
  }
}
