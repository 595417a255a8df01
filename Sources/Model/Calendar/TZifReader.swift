import Bytes

/// Reads the TZif format (RFC 8536): tables of transitions, and a rule for the time after them.
enum TZifReader {
  /// The counts of a header, named as in the RFC, section 3.1.
  private struct Header {
    static let sizeBytes = 44
    var version: UInt8
    var isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt: Int

    init(_ reader: inout ByteReader) throws(MalformedBytes) {
      guard try reader.array(byteCount: 4) == Array("TZif".utf8) else {
        throw MalformedBytes(offset: 0)
      }
      version = try reader.integer(UInt8.self)
      try reader.advance(by: 15)
      var counts: [Int] = []
      for _ in 0..<6 { counts.append(Int(UInt32(bigEndian: try reader.integer(UInt32.self)))) }
      (isutcnt, isstdcnt, leapcnt) = (counts[0], counts[1], counts[2])
      (timecnt, typecnt, charcnt) = (counts[3], counts[4], counts[5])
    }

    /// The size of the data block after this header, whose times have `timeBytes`.
    func dataBytes(timeBytes: Int) -> Int {
      timecnt * (timeBytes + 1) + typecnt * 6 + charcnt + leapcnt * (timeBytes + 4) + isstdcnt
        + isutcnt
    }
  }

  static func zone(name: String, _ bytes: RawSpan) throws(MalformedBytes) -> ZoneRules {
    var reader = ByteReader(bytes)
    var header = try Header(&reader)
    let isWide = header.version >= UInt8(ascii: "2")
    if isWide {
      // The 32-bit block is there for old readers only.
      try reader.advance(by: header.dataBytes(timeBytes: 4))
      header = try Header(&reader)
    }
    var (first, changes) = try transitions(&reader, header, isWide: isWide)
    if isWide, let rule = try footer(&reader) {
      let last = changes.last?.seconds ?? .min
      changes += rule.changes(after: max(last, ZoneRules.seconds.lowerBound))
      if changes.isEmpty { first = rule.standardOffset }
    }
    return ZoneRules(name: name, firstOffset: first, changes: changes)
  }

  private static func transitions(
    _ reader: inout ByteReader, _ header: Header, isWide: Bool
  ) throws(MalformedBytes) -> (first: Int64, changes: [OffsetChange]) {
    let dataBytes = header.dataBytes(timeBytes: isWide ? 8 : 4)
    // Times with leap seconds in them are not those of the store.
    guard header.typecnt > 0, header.leapcnt == 0,
      dataBytes <= reader.bytes.byteCount - reader.offset
    else { throw MalformedBytes(offset: reader.offset) }
    let end = reader.offset + dataBytes
    var times: [Int64] = []
    for _ in 0..<header.timecnt {
      times.append(
        isWide
          ? Int64(bigEndian: try reader.integer(Int64.self))
          : Int64(Int32(bigEndian: try reader.integer(Int32.self))))
    }
    let types = try reader.array(byteCount: header.timecnt)
    var offsets: [Int64] = []
    for _ in 0..<header.typecnt {
      let offset = Int64(Int32(bigEndian: try reader.integer(Int32.self)))
      guard abs(offset) <= ZoneRules.maxOffsetSeconds else {
        throw MalformedBytes(offset: reader.offset)
      }
      offsets.append(offset)
      try reader.advance(by: 2)
    }
    guard types.allSatisfy({ Int($0) < offsets.count }),
      zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw MalformedBytes(offset: reader.offset) }
    try reader.advance(by: end - reader.offset)
    let changes = zip(times, types).map { OffsetChange(seconds: $0, offset: offsets[Int($1)]) }
    return (offsets[0], changes)
  }

  /// The rule between two newlines at the end of the file; nil if there is none.
  private static func footer(_ reader: inout ByteReader) throws(MalformedBytes) -> ZoneRule? {
    let newline = UInt8(ascii: "\n")
    let text = try reader.array(byteCount: reader.bytes.byteCount - reader.offset)
    guard text.count >= 2, text[0] == newline, text[text.count - 1] == newline else {
      throw MalformedBytes(offset: reader.offset)
    }
    guard text.count > 2 else { return nil }
    guard let rule = ZoneRule(Array(text[1..<text.count - 1])) else {
      throw MalformedBytes(offset: reader.offset)
    }
    return rule
  }
}
