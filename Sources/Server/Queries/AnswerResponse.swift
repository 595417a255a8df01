import Bytes
import HTTPTypes
import Hummingbird
import Model
import NIOCore
import Query

extension AnswerFormat {
  var mediaType: String {
    switch self {
    case .json, .objects: "application/json"
    case .ndjson: "application/x-ndjson"
    case .csv: "text/csv; charset=utf-8; header=present"
    case .tsv: "text/tab-separated-values; charset=utf-8"
    case .markdown: "text/markdown; charset=utf-8"
    case .table, .vertical: "text/plain; charset=utf-8"
    }
  }

  /// The first of the types of a header `Accept` (RFC 9110, section 12.5.1) that there is, by their weights; JSON where it
  /// takes anything. Nil when there is none.
  init?(accept: String?) {
    guard let accept, !accept.isEmpty else {
      self = .json
      return
    }
    let wanted = accept.split(separator: ",").map(AcceptedType.init).filter { $0.weight > 0 }
      .enumerated().sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
    for type in wanted {
      if let format = Self(mediaType: type.element.name) {
        self = format
        return
      }
    }
    return nil
  }

  private init?(mediaType: String) {
    switch mediaType {
    case "application/json", "application/*", "*/*": self = .json
    case "application/x-ndjson", "application/ndjson", "application/jsonl": self = .ndjson
    case "text/csv", "text/*": self = .csv
    case "text/tab-separated-values": self = .tsv
    case "text/markdown": self = .markdown
    case "text/plain": self = .table
    default: return nil
    }
  }
}

/// A type in a header `Accept`, and how much it is wanted.
private struct AcceptedType {
  var name: String
  var weight = 1.0

  init(_ text: Substring) {
    let parts = text.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
    name = parts.first ?? ""
    for part in parts.dropFirst() where part.hasPrefix("q=") {
      weight = Double(part.dropFirst(2)) ?? 1
    }
  }
}

extension Answer {
  /// The answer in a form. What is small goes out at once; the rest is written as the client takes it, a piece at a time.
  ///
  /// NDJSON ends with an object `_status`, so that an answer that was cut off is noticed; JSON ends with its brackets, and
  /// the other forms with the trailer `X-Nilo-Status`. Throws a ``Problem`` when too much waits for other clients.
  func response(_ format: AnswerFormat, among held: AnswersHeld) throws -> Response {
    var renderer = AnswerRenderer(format)
    renderer.hasFooter = format.isForPeople
    var pieces = renderer.pieces(of: self)
    let first = pieces.next() ?? []
    let second = pieces.next()
    let status = format == .ndjson ? statusRecord : []
    var headers: HTTPFields = [.contentType: format.mediaType, .answerSummary: summary]
    guard let second else {
      return Response(
        status: .ok, headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: first + status)))
    }
    headers[.trailer] = HTTPField.Name.answerStatus.rawName
    let rest = pieces
    let hold = try held.hold(self)
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        defer { withExtendedLifetime(hold) {} }
        try await writer.write(ByteBuffer(bytes: first))
        try await writer.write(ByteBuffer(bytes: second))
        for piece in rest { try await writer.write(ByteBuffer(bytes: piece)) }
        if !status.isEmpty { try await writer.write(ByteBuffer(bytes: status)) }
        try await writer.finish([.answerStatus: "complete"])
      })
  }

  /// `rows=24, source="cells of KPI heat version 1", elapsed=0.000412, seq=26115`: a dictionary of RFC 8941.
  private var summary: String {
    var parts = ["rows=\(rowCount)"]
    if let source = meta.answeredFrom {
      parts.append(
        "source=\"\(source.filter { $0.isASCII && $0 != "\"" && $0 != "\\" && !$0.isNewline })\"")
    }
    if let elapsed = meta.elapsedSeconds {
      let micros = Int(elapsed * 1_000_000)
      let fraction = String(micros % 1_000_000)
      parts.append(
        "elapsed=\(micros / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
      )
    }
    if let seq = meta.asOfSeq { parts.append("seq=\(seq)") }
    return parts.joined(separator: ", ")
  }

  /// The last line of an answer in NDJSON.
  var statusRecord: [UInt8] {
    var status = JSONObjectWriter()
    status.field("rows", Int64(rowCount))
    status.field("as_of_seq", meta.asOfSeq)
    status.field("notes", strings: meta.notes)
    var record = JSONObjectWriter()
    record.field("_status", json: status.finish())
    return record.finish() + [0x0A]
  }
}

extension HTTPField.Name {
  /// What one has to know of an answer beside its rows.
  static let answerSummary = HTTPField.Name("X-Nilo-Summary")!
  /// The trailer after an answer that is whole.
  static let answerStatus = HTTPField.Name("X-Nilo-Status")!
}
