import FileConnector
import Foundation
import Hummingbird
import NIOCore

/// The body of a request that brings documents: its form and compression, as its headers say.
struct IngestBody {
  private let body: RequestBody
  private let compression: BodyCompression
  /// Nil where the first byte decides.
  let format: FileFormat?
  private let decimalMark: DecimalMark?
  /// Whether the client says that it is a form, as curl does of what it is not told the type of.
  private let isForm: Bool

  /// Throws a ``Problem``, of kind `mediaType` where a header names what is not known. The parameter `format` comes before
  /// the header.
  init(_ request: Request) throws(Problem) {
    body = request.body
    compression = try Self.compression(request.headers[.contentEncoding])
    let type = Self.type(request.headers[.contentType])
    isForm = type == Self.formType
    let named: FileFormat? = try request.choice("format")
    format = if let named { named } else { try Self.format(ofType: type) }
    decimalMark = try request.choice("decimal_mark")
  }

  /// The same in a format that the path says, whatever the type.
  init(_ request: Request, format: FileFormat) throws(Problem) {
    body = request.body
    compression = try Self.compression(request.headers[.contentEncoding])
    self.format = format
    (decimalMark, isForm) = (nil, false)
  }

  private static func compression(_ header: String?) throws(Problem) -> BodyCompression {
    switch header?.lowercased() {
    case nil, "", "identity": return .none
    case "gzip", "x-gzip": return .gzip
    case "zstd": return .zstd
    case let other?:
      throw Problem(.mediaType, "Content-Encoding \(other) is not known; send gzip, zstd or none")
    }
  }

  private static let formType = "application/x-www-form-urlencoded"

  /// The type that a header names, without its parameters.
  private static func type(_ header: String?) -> String? {
    header?.split(separator: ";").first.map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
  }

  private static func format(ofType type: String?) throws(Problem) -> FileFormat? {
    switch type {
    case "application/json", "text/json": return .json
    case "application/x-ndjson", "application/ndjson", "application/jsonl",
      "application/x-jsonlines",
      "application/json-seq":
      return .ndjson
    case "application/senml+json", "application/sensml+json": return .senml
    case "text/csv": return .csv
    case "text/tab-separated-values": return .tsv
    // What clients say that were not told what they send; curl says it is a form.
    case nil, "", "text/plain", "application/octet-stream", formType:
      return nil
    case let other?:
      throw Problem(
        .mediaType,
        "Content-Type \(other) is not known; send application/json, application/x-ndjson, text/csv or "
          + "text/tab-separated-values, or say ?format=")
    }
  }

  /// Throws a ``Problem`` where the first bytes of the body are those of a compression that no header names: none of its
  /// documents could be read, and all of them would go on the ledger.
  fileprivate func check(beginning bytes: [UInt8]) throws(Problem) {
    guard compression == .none else { return }
    let names: [(name: String, magic: [UInt8])] = [
      ("gzip", [0x1F, 0x8B]), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]),
    ]
    guard let found = names.first(where: { bytes.starts(with: $0.magic) }) else { return }
    throw Problem(
      .unreadableBody,
      "the body is compressed by \(found.name), and no header says so: send Content-Encoding: \(found.name)"
    )
  }

  /// What may be wrong with the body as a whole, once documents of it were rejected: the first of them for `reason`.
  fileprivate func hint(isOfUnknownFormat: Bool, isArray: Bool, reason: String) -> String? {
    if isArray, format == .ndjson {
      return
        "the body begins as an array of JSON does; say so by Content-Type: application/json or ?format=json"
    }
    if isOfUnknownFormat {
      return
        "the body was read as NDJSON, and does not begin so; say what it is by Content-Type: text/csv or ?format=csv, "
        + "for example"
    }
    guard isForm, reason.hasPrefix("unexpected bytes after the document") else { return nil }
    return
      "if this was a file: curl -d takes the ends of its lines out; send it with --data-binary @FILE"
  }

  /// Its documents, chunk by chunk; of each it is known whether it is the last. What is held of them counts in `holding`.
  func chunks(_ deadline: BodyDeadline, _ holding: AppendQueue.Holding) -> Chunks {
    Chunks(pieces: body.makeAsyncIterator(), self, deadline, holding)
  }

  /// Reads the body as it arrives.
  struct Chunks {
    private var pieces: RequestBody.AsyncIterator
    private let body: IngestBody
    private var deadline: BodyDeadline
    private let holding: AppendQueue.Holding
    private var reader: BodyReader?
    private var next: FileChunk?
    private var hasEnded = false
    /// Whether the body begins as an array does.
    private var isArray = false

    init(
      pieces: RequestBody.AsyncIterator, _ body: IngestBody, _ deadline: BodyDeadline,
      _ holding: AppendQueue.Holding
    ) {
      (self.pieces, self.body) = (pieces, body)
      (self.deadline, self.holding) = (deadline, holding)
    }

    /// Tells what was found out of the body.
    func note(in answer: inout IngestAnswer) {
      answer.notes = [reader?.note].compactMap(\.self)
      answer.hint = answer.outcome.rejected.first.flatMap {
        body.hint(
          isOfUnknownFormat: reader?.isOfUnknownFormat ?? false, isArray: isArray,
          reason: $0.reason)
      }
    }

    /// The next chunk, and whether no other follows. Throws ``BodyError``, and a ``Problem`` after the deadline or when
    /// too much is held.
    mutating func next() async throws -> (FileChunk, isLast: Bool)? {
      let chunk: FileChunk?
      if let next { chunk = next } else { chunk = try await read() }
      guard let chunk else { return nil }
      next = try await read()
      return (chunk, next == nil)
    }

    private mutating func read() async throws -> FileChunk? {
      while true {
        let chunk = try reader?.next()
        try holding.set(reader?.heldBytes ?? 0)
        if let chunk { return chunk }
        if hasEnded { return nil }
        if let piece = try await pieces.nextPiece() {
          try deadline.took(piece.readableBytes)
          try add(Array(piece.readableBytesView))
        } else {
          hasEnded = true
          reader?.finish()
        }
      }
    }

    private mutating func add(_ piece: [UInt8]) throws {
      if piece.isEmpty { return }
      if reader == nil {
        try body.check(beginning: piece)
        isArray = piece.first == UInt8(ascii: "[")
        reader = try BodyReader(body.format, body.compression, decimalMark: body.decimalMark)
      }
      reader?.add(piece)
    }
  }
}
