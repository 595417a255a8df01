import Bytes
import LineProtocol
import Model
import Store

/// The lines of a text as documents: a batch for each stream, in the order of the lines.
struct PointBatches: Sendable {
  /// A line that is no event.
  struct Fault: Sendable {
    /// From 1.
    var line: Int64
    var reason: String
    /// The beginning of its text.
    var text: String
    /// Whether the store does not take it, which could read it.
    var isDropped = false
  }

  /// A body may be nothing but faults: what is told of them has an end.
  static let maxFaults = 100
  private static let maxFaultBytes = 1_024

  /// Positions are the numbers of lines.
  private(set) var batches: [StreamBatch] = []
  /// Lines that are no events.
  private(set) var faults: [Fault] = []
  private(set) var faultCount = 0
  private let firstLine: Int64
  private let text: [UInt8]
  private let lines: [Range<Int>]
  /// The batches of measurements.
  private var places: [Point.Bytes: Int] = [:]
  /// That of lines that cannot be read and whose measurements no other line has. They share one, since garbage would
  /// make a batch of each line.
  private var strayPlace: Int?

  /// O(bytes).
  init(_ chunk: LineChunks.Chunk, _ reading: LineReading) {
    (text, lines, firstLine) = (chunk.text, chunk.lines, chunk.firstLine)
    for (index, range) in lines.enumerated() {
      let (line, number) = (text[range], firstLine + Int64(index))
      do throws(LineFault) {
        guard let point = try reading.parser.point(line) else { continue }
        append(point, line, number, to: place(of: point, reading), reading.nowNs)
      } catch {
        refuse(number, error.reason)
        batches[place(ofUnread: line, reading)].documents.refuse(number, error.reason, line)
      }
    }
    (places, strayPlace) = ([:], nil)
  }

  private mutating func place(of point: Point, _ reading: LineReading) -> Int {
    let place = places[point.measurement] ?? newPlace(of: point.measurement, reading)
    if batches[place].documents.documents.isEmpty {
      batches[place].options = reading.options(for: point)
    }
    return place
  }

  private mutating func place(ofUnread line: Point.Bytes, _ reading: LineReading) -> Int {
    let measurement = LineParser.measurement(line)
    if let place = places[measurement] ?? strayPlace { return place }
    let place = newPlace(of: measurement, reading)
    strayPlace = place
    return place
  }

  private mutating func newPlace(of measurement: Point.Bytes, _ reading: LineReading) -> Int {
    let stream = reading.naming.name(of: measurement, in: reading.database)
    batches.append(StreamBatch(stream: stream, options: StreamOptions()))
    places[measurement] = batches.count - 1
    return batches.count - 1
  }

  private mutating func append(
    _ point: Point, _ line: Point.Bytes, _ number: Int64, to place: Int, _ nowNs: Int64
  ) {
    let start = batches[place].documents.bytes.count
    PointDocument.append(
      point, of: line, nowNs: nowNs, stream: batches[place].stream,
      to: &batches[place].documents.bytes)
    batches[place].documents.documents.append(
      DocumentRange(
        start: UInt32(start),
        byteCount: UInt32(batches[place].documents.bytes.count - start), position: number))
    batches[place].documents.endPosition = number + 1
  }

  /// Notes what the store did not take of a batch, beside the lines that could not be read.
  mutating func refuse(rejectedIn result: AppendResult, of batch: StreamBatch) {
    let unread = Set(batch.documents.refused.map(\.position))
    for one in result.rejected where !unread.contains(one.position) {
      refuse(one.position, one.reason, isDropped: true)
    }
  }

  /// Notes that the store takes nothing of a batch.
  mutating func refuse(all batch: StreamBatch, _ reason: String) {
    for document in batch.documents.documents {
      refuse(document.position, reason, isDropped: true)
    }
  }

  private mutating func refuse(_ line: Int64, _ reason: String, isDropped: Bool = false) {
    faultCount += 1
    guard faults.count < Self.maxFaults else { return }
    let bytes = text[lines[Int(line - firstLine)]].prefix(Self.maxFaultBytes)
    faults.append(
      Fault(
        line: line, reason: reason, text: String(decoding: bytes, as: UTF8.self),
        isDropped: isDropped))
  }
}

extension DocumentBatch {
  /// Has a line that cannot be read put on the ledger.
  fileprivate mutating func refuse(_ line: Int64, _ reason: String, _ text: Point.Bytes) {
    refused.append(
      RefusedDocument(
        position: line, reason: reason, head: Array(text.prefix(Limits.ledgerHeadBytes))))
    endPosition = line + 1
  }
}

/// How the lines of a request are read.
struct LineReading: Sendable {
  var parser: LineParser
  var naming: ServerSettings.InfluxStream
  var database: String
  /// The time of lines without one.
  var nowNs: Int64

  /// What the source of the events is called: that of a database.
  static let sourcePrefix = "influx/"
  var source: String { Self.sourcePrefix + database }

  /// What the stream of a point is to be, if there is none yet.
  func options(for point: Point) -> StreamOptions {
    var options = StreamOptions(timePath: PointDocument.time, dedup: .path(PointDocument.id))
    // What tells machines apart is called so by nearly all agents.
    if point.tags.contains(where: { $0.name.elementsEqual("host".utf8) }) {
      options.keyPath = "host"
    }
    return options
  }
}
