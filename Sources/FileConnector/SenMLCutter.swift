import Model

/// Phase 1 of SenML: finds the records of packs as those of JSON arrays are found, and writes each with all that it means.
///
/// What a record means depends on those before it, so that is done here, in their order, and not on many threads.
struct SenMLCutter: DocumentCutter {
  private var json: JSONCutter
  private var base: SenMLBase
  private let clock: @Sendable () -> Int64

  var hasDocuments: Bool { json.hasDocuments }
  var isFull: Bool { json.isFull }
  var isDone: Bool { json.isDone }

  /// Begins at `offset`; `base` is what the records before it in their pack say, nil outside of a pack. `clock` gives the
  /// nanoseconds since 1970 that times count from which are near to now.
  init(
    offset: Int64 = 0, line: Int64 = 1, base: SenMLBase? = nil,
    clock: @escaping @Sendable () -> Int64 = InputFile.wallClockNs
  ) {
    json = JSONCutter(offset: offset, line: line, isInArray: base != nil)
    self.base = base ?? SenMLBase()
    self.clock = clock
  }

  mutating func scan(_ buffer: inout SourceBuffer) { json.scan(&buffer) }
  mutating func finish(_ buffer: inout SourceBuffer) { json.finish(&buffer) }
  func isWhole(_ buffer: SourceBuffer) -> Bool { json.isWhole(buffer) }

  mutating func take(_ buffer: inout SourceBuffer) -> FileChunk {
    let begins = json.packBegins
    let chunk = json.take(&buffer)
    guard case .documents(let records) = chunk.layout else { return chunk }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(chunk.bytes.count * 2)
    var documents: [DocumentRange] = []
    var refused = chunk.refused
    let nowNs = clock()
    for (number, record) in records.enumerated() {
      if begins[number] { base = SenMLBase() }
      let start = Int(record.start)
      let source = Array(chunk.bytes[start..<start + Int(record.byteCount)])
      do throws(SenMLFault) {
        guard let document = try base.resolve(source, nowNs: nowNs) else { continue }
        documents.append(
          DocumentRange(
            start: UInt32(bytes.count), byteCount: UInt32(document.count),
            position: record.position))
        bytes += document
      } catch {
        refused.append(
          RefusedDocument(
            position: record.position, reason: error.reason, head: headForLedger(source.span)))
      }
    }
    var end = chunk.end
    if case .json(let isInArray) = end.state { end.state = .senml(isInArray ? base : nil) }
    return FileChunk(
      bytes: bytes, position: chunk.position, endPosition: chunk.endPosition,
      refused: refused.sorted { $0.position < $1.position }, layout: .documents(documents), end: end
    )
  }
}
