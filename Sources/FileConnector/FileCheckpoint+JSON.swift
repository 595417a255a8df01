import Bytes

/// The form in which a checkpoint is kept: an object of JSON, so that it can be read by people, too.
extension FileCheckpoint {
  public var json: [UInt8] {
    var json = JSONObjectWriter()
    json.field("path", path)
    json.field("device", Int64(bitPattern: identity.device))
    json.field("inode", Int64(bitPattern: identity.inode))
    json.field("format", format.rawValue)
    json.field("offset", point.offset)
    json.field("open_bytes", point.openByteCount)
    json.field("line", point.line)
    json.field("proven_bytes", provenBytes)
    json.field("head_bytes", Int64(head.byteCount))
    json.field("head_hash", Self.text(head.hash))
    json.field("tail_bytes", Int64(tail.byteCount))
    json.field("tail_hash", Self.text(tail.hash))
    if isCompressed { json.field("compressed", true) }
    if hasEnded { json.field("ended", true) }
    switch point.state {
    case .lines(withinRefused: false), .json(isInArray: false), .senml(nil): break
    case .lines(withinRefused: true): json.field("within_refused", true)
    case .json(isInArray: true): json.field("in_array", true)
    case .senml(let base?): json.field("base", json: base.json)
    case .table(let table):
      json.field("table_start", table.start)
      json.field("header_end", table.headerEnd)
      if table.isOfInflux { json.field("influx", true) }
      if let mark = table.mark { json.field("decimal_mark", mark.rawValue) }
    }
    return json.finish()
  }

  /// Nil for what is no checkpoint, such as what another connector has noted.
  public init?(json bytes: [UInt8]) {
    guard let value = try? JSONReader.value(bytes), let path = value["path"]?.string,
      let device = value["device"]?.integer, let inode = value["inode"]?.integer,
      let format = value["format"]?.string.flatMap(FileFormat.init(rawValue:)),
      let provenBytes = value["proven_bytes"]?.integer,
      let head = Fingerprint(value, "head"), let tail = Fingerprint(value, "tail"),
      let point = CutPoint(value, format)
    else { return nil }
    self.path = path
    identity = FileIdentity(
      device: UInt64(bitPattern: device), inode: UInt64(bitPattern: inode))
    self.format = format
    self.point = point
    self.provenBytes = provenBytes
    (self.head, self.tail) = (head, tail)
    isCompressed = value["compressed"]?.bool == true
    hasEnded = value["ended"]?.bool == true
  }

  private static func text(_ hash: UInt64) -> String { String(hash, radix: 16) }
}

extension Fingerprint {
  fileprivate init?(_ value: JSONValue, _ name: String) {
    guard let count = value["\(name)_bytes"]?.integer, 0...Int64(Self.maxBytes) ~= count,
      let hash = value["\(name)_hash"]?.string.flatMap({ UInt64($0, radix: 16) })
    else { return nil }
    self.init(byteCount: Int(count), hash: hash)
  }
}

extension CutPoint {
  fileprivate init?(_ value: JSONValue, _ format: FileFormat) {
    guard let offset = value["offset"]?.integer, let open = value["open_bytes"]?.integer,
      let line = value["line"]?.integer, offset >= 0, open >= 0, line > 0
    else { return nil }
    self.init(offset: offset, openByteCount: open, line: line, state: .lines())
    switch format {
    case .ndjson: state = .lines(withinRefused: value["within_refused"]?.bool == true)
    case .json: state = .json(isInArray: value["in_array"]?.bool == true)
    case .senml: state = .senml(value["base"].map { SenMLBase($0) })
    case .csv, .tsv:
      guard let start = value["table_start"]?.integer, let end = value["header_end"]?.integer,
        0 <= start, start <= end, end <= offset
      else { return nil }
      let mark = value["decimal_mark"]?.string.flatMap(DecimalMark.init(rawValue:))
      state = .table(
        CSVTable(
          start: start, headerEnd: end, isOfInflux: value["influx"]?.bool == true, mark: mark))
    }
  }
}

/// The base fields under the names that they have in packs; numbers as texts, so that no digit is lost.
extension SenMLBase {
  fileprivate var json: [UInt8] {
    jsonObject { json in
      for (name, value) in [("bn", name), ("bt", time), ("bu", unit), ("bv", value), ("bs", sum)] {
        if let value { json.field(name, value) }
      }
    }
  }

  fileprivate init(_ value: JSONValue) {
    self.init(
      name: value["bn"]?.string, time: value["bt"]?.string, unit: value["bu"]?.string,
      value: value["bv"]?.string, sum: value["bs"]?.string)
  }
}
