import Bytes

/// The pieces of a merged block as a section of it: one list of integers for each of their parts.
///
/// The numbers of the events come first, so that they can be read without the rest. How far source and stream had got is
/// mostly what the times of the events say, and is kept as the distance from that; see ``PieceForecast``.
enum PieceCoding {
  /// Appends `pieces`, whose events have `times`. O(events).
  static func encode(_ pieces: [BlockPiece], times: [Int64], into output: inout [UInt8]) {
    precondition(
      times.count == pieces.reduce(0) { $0 + $1.eventCount }, "a piece has an event without a time")
    var sources = NameList()
    var actors = NameList()
    let sourceCodes = pieces.map { sources.code($0.source) }
    let actorCodes = pieces.map { actors.code($0.actor) }
    var (gaps, befores): ([Int64], [Int64]) = ([], [])
    var (reaches, watermarks): ([Int64], [Int64]) = ([], [])
    var forecast = PieceForecast(sourceCount: sources.names.count)
    var nextSeq: UInt64 = 0
    var nextEvent = 0
    for (piece, source) in zip(pieces, sourceCodes) {
      gaps.append(Int64(piece.firstSeq - nextSeq))
      nextSeq = piece.lastSeq + 1
      befores.append(number(piece.watermarkBeforeNs) &- forecast.watermarkNs)
      forecast.note(watermarkNs: number(piece.watermarkBeforeNs))
      let events = nextEvent..<nextEvent + piece.eventCount
      nextEvent = events.upperBound
      let reachNs = forecast.reachNs(of: Int(source), times, events)
      reaches.append(number(piece.reachNs) &- reachNs)
      forecast.note(Int(source), reachNs: piece.reachNs, receivedNs: piece.receivedNs)
      watermarks.append(number(piece.watermarkNs) &- forecast.nextWatermarkNs)
      forecast.note(watermarkNs: number(piece.watermarkNs))
    }
    IntegerCoding.encode(gaps, into: &output)
    IntegerCoding.encode(pieces.map { Int64($0.eventCount) }, into: &output)
    for names in [sources.names, actors.names] {
      output.append(varint: UInt64(names.count))
      for name in names { output.append(string: name) }
    }
    TimeCoding.encode(pieces.map(\.receivedNs), into: &output)
    for list in [sourceCodes, actorCodes, befores, reaches, watermarks] {
      IntegerCoding.encode(list, into: &output)
    }
  }

  /// Reads the numbers of the events of `count` pieces. Throws when they are not as many as `eventCount`, or do not rise.
  /// O(pieces).
  static func decodeSeqs(
    _ reader: inout ByteReader, count: Int, eventCount: Int
  ) throws(MalformedBytes) -> [Range<UInt64>] {
    let gaps = try integers(&reader, count)
    let sizes = try integers(&reader, count)
    var seqs: [Range<UInt64>] = []
    seqs.reserveCapacity(count)
    var (next, events) = (UInt64(0), 0)
    for (gap, size) in zip(gaps, sizes) {
      guard gap >= 0, gap < 1 << 62, size > 0, size <= Int64(eventCount - events),
        next + UInt64(gap) < 1 << 62
      else { throw MalformedBytes(offset: reader.offset) }
      let first = next + UInt64(gap)
      seqs.append(first..<first + UInt64(size))
      next = first + UInt64(size)
      events += Int(size)
    }
    guard events == eventCount else { throw MalformedBytes(offset: reader.offset) }
    return seqs
  }

  /// Reads `count` pieces, whose events have `times`. Throws when they are not pieces of so many events. O(events).
  static func decode(
    _ reader: inout ByteReader, count: Int, times: [Int64]
  ) throws(MalformedBytes) -> [BlockPiece] {
    let seqs = try decodeSeqs(&reader, count: count, eventCount: times.count)
    let sources = try names(&reader)
    let actors = try names(&reader)
    var receivedNs: [Int64] = []
    try TimeCoding.decode(&reader, count: count, into: &receivedNs)
    let sourceCodes = try codes(&reader, count, of: sources)
    let actorCodes = try codes(&reader, count, of: actors)
    let befores = try integers(&reader, count)
    let reaches = try integers(&reader, count)
    let watermarks = try integers(&reader, count)
    var forecast = PieceForecast(sourceCount: sources.count)
    var pieces: [BlockPiece] = []
    pieces.reserveCapacity(count)
    var nextEvent = 0
    for index in 0..<count {
      let source = Int(sourceCodes[index])
      let before = befores[index] &+ forecast.watermarkNs
      forecast.note(watermarkNs: before)
      let events = nextEvent..<nextEvent + seqs[index].count
      nextEvent = events.upperBound
      let reachNs = optional(reaches[index] &+ forecast.reachNs(of: source, times, events))
      forecast.note(source, reachNs: reachNs, receivedNs: receivedNs[index])
      let watermark = watermarks[index] &+ forecast.nextWatermarkNs
      forecast.note(watermarkNs: watermark)
      pieces.append(
        BlockPiece(
          firstSeq: seqs[index].lowerBound, eventCount: seqs[index].count,
          receivedNs: receivedNs[index], reachNs: reachNs, watermarkBeforeNs: optional(before),
          watermarkNs: optional(watermark), source: sources[source],
          actor: actors[Int(actorCodes[index])]))
    }
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

  private static func integers(
    _ reader: inout ByteReader, _ count: Int
  ) throws(MalformedBytes) -> [Int64] {
    var values: [Int64] = []
    try IntegerCoding.decode(&reader, count: count, into: &values)
    return values
  }

  /// Places in `names`.
  private static func codes(
    _ reader: inout ByteReader, _ count: Int, of names: [String]
  ) throws(MalformedBytes) -> [Int64] {
    let codes = try integers(&reader, count)
    guard codes.allSatisfy({ $0 >= 0 && $0 < names.count }) else {
      throw MalformedBytes(offset: reader.offset)
    }
    return codes
  }

  /// A time, or none, as a number.
  private static func number(_ timeNs: Int64?) -> Int64 { timeNs ?? .min }
  private static func optional(_ number: Int64) -> Int64? { number == .min ? nil : number }
}
