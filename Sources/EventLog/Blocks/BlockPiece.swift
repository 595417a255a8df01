import Bytes

/// Events of a block that came in together: of one source, at one time, with numbers that follow each other.
///
/// A block is written with one piece. One that was merged from others has theirs, in the order of the log.
package struct BlockPiece: Sendable, Equatable {
  package var firstSeq: UInt64
  package var eventCount: Int
  /// Wall clock at the append, in nanoseconds since the epoch.
  package var receivedNs: Int64
  /// How far the event time of the source had got with it; nil while no event counted. See ``SourceReach``.
  package var reachNs: Int64?
  /// The stream's watermark before it: what finality was judged by.
  package var watermarkBeforeNs: Int64?
  /// The stream's watermark after it.
  package var watermarkNs: Int64?
  /// Where the documents came from, such as a file's path.
  package var source: String
  /// Who appended them; empty when not told.
  package var actor: String

  package var lastSeq: UInt64 { firstSeq + UInt64(eventCount) - 1 }
}

/// The pieces of a merged block as a section of it: one list of integers for each of their parts.
enum PieceCoding {
  static func encode(_ pieces: [BlockPiece], into output: inout [UInt8]) {
    var sources = NameList()
    var actors = NameList()
    let sourceCodes = pieces.map { sources.code($0.source) }
    let actorCodes = pieces.map { actors.code($0.actor) }
    for names in [sources.names, actors.names] {
      output.append(varint: UInt64(names.count))
      for name in names { output.append(string: name) }
    }
    // How far a list is ahead of what is mostly the same.
    let lasts: [UInt64?] = [nil] + pieces.map(\.lastSeq)
    let befores = pieces.map(\.watermarkBeforeNs)
    let lists: [[Int64]] = [
      zip(pieces, lasts).map { piece, last in
        last.map { Int64(piece.firstSeq - $0 - 1) } ?? Int64(piece.firstSeq)
      },
      pieces.map { Int64($0.eventCount) },
      pieces.map(\.receivedNs),
      optional(pieces.map(\.reachNs)),
      optional(pieces.map(\.watermarkNs)),
      zip(optional(befores), [0] + optional(pieces.map(\.watermarkNs))).map { $0 &- $1 },
      sourceCodes, actorCodes,
    ]
    for list in lists { IntegerCoding.encode(list, into: &output) }
  }

  /// Reads `count` pieces, which have `eventCount` events. Throws when they do not, or do not rise.
  static func decode(
    _ reader: inout ByteReader, count: Int, eventCount: Int
  ) throws(MalformedBytes) -> [BlockPiece] {
    let sources = try names(&reader)
    let actors = try names(&reader)
    var lists: [[Int64]] = []
    for _ in 0..<8 {
      var list: [Int64] = []
      try IntegerCoding.decode(&reader, count: count, into: &list)
      lists.append(list)
    }
    var pieces: [BlockPiece] = []
    pieces.reserveCapacity(count)
    var (next, events, watermarkNs) = (UInt64(0), 0, Int64(0))
    for index in 0..<count {
      let (gap, size) = (lists[0][index], lists[1][index])
      let (source, actor) = (lists[6][index], lists[7][index])
      guard gap >= 0, gap < 1 << 62, size > 0, size <= Int64(eventCount - events),
        sources.indices.contains(Int(source)), actors.indices.contains(Int(actor)),
        next + UInt64(gap) < 1 << 62
      else { throw MalformedBytes(offset: reader.offset) }
      let piece = BlockPiece(
        firstSeq: next + UInt64(gap), eventCount: Int(size), receivedNs: lists[2][index],
        reachNs: optional(lists[3][index]),
        watermarkBeforeNs: optional(lists[5][index] &+ watermarkNs),
        watermarkNs: optional(lists[4][index]), source: sources[Int(source)],
        actor: actors[Int(actor)])
      pieces.append(piece)
      next = piece.lastSeq + 1
      events += piece.eventCount
      watermarkNs = lists[4][index]
    }
    guard events == eventCount else { throw MalformedBytes(offset: reader.offset) }
    return pieces
  }

  private struct NameList {
    private(set) var names: [String] = []
    private var codes: [Text: Int64] = [:]

    mutating func code(_ name: String) -> Int64 {
      if let code = codes[Text(name)] { return code }
      let code = Int64(names.count)
      codes[Text(name)] = code
      names.append(name)
      return code
    }
  }

  private static func names(_ reader: inout ByteReader) throws(MalformedBytes) -> [String] {
    var names: [String] = []
    for _ in 0..<(try reader.count()) { names.append(try reader.string()) }
    return names
  }

  private static func optional(_ values: [Int64?]) -> [Int64] { values.map { $0 ?? .min } }
  private static func optional(_ value: Int64) -> Int64? { value == .min ? nil : value }
}

/// The sequence numbers of a block's events, in order.
package struct EventSeqs: Sendable {
  package let count: Int
  private let firstSeq: UInt64
  /// One for each event, when they do not follow each other; else empty.
  private let all: [UInt64]

  package init(_ pieces: [BlockPiece]) {
    count = pieces.reduce(0) { $0 + $1.eventCount }
    firstSeq = pieces.first?.firstSeq ?? 0
    guard let last = pieces.last, last.lastSeq - firstSeq + 1 != UInt64(count) else {
      all = []
      return
    }
    var seqs: [UInt64] = []
    seqs.reserveCapacity(count)
    for piece in pieces { seqs.append(contentsOf: piece.firstSeq...piece.lastSeq) }
    all = seqs
  }

  /// The number of an event by its place in the block, from 0 to before ``count``. O(1).
  @inline(__always)
  package subscript(event: Int) -> UInt64 {
    all.isEmpty ? firstSeq + UInt64(event) : all[event]
  }

  /// How many of the events come before `seq`. O(log n).
  func count(before seq: UInt64) -> Int {
    if all.isEmpty { return seq <= firstSeq ? 0 : Int(min(seq - firstSeq, UInt64(count))) }
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if all[middle] < seq { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Which event has the number; nil when none has. O(log n).
  func index(of seq: UInt64) -> Int? {
    let index = count(before: seq)
    return index < count && self[index] == seq ? index : nil
  }
}
