import FileConnector
import Foundation
import Hummingbird
import NIOCore

/// The body of a request that brings documents: its form and compression, as its headers say.
struct IngestBody {
  private let body: RequestBody
  private let compression: BodyCompression
  /// Nil where the first byte decides.
  private let format: FileFormat?

  /// Throws a ``Problem`` of kind `mediaType` where a header names what is not known.
  init(_ request: Request) throws(Problem) {
    body = request.body
    compression = try Self.compression(request.headers[.contentEncoding])
    format = try Self.format(request.headers[.contentType])
  }

  /// The same in a format that the path says, whatever the type.
  init(_ request: Request, format: FileFormat) throws(Problem) {
    body = request.body
    compression = try Self.compression(request.headers[.contentEncoding])
    self.format = format
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

  private static func format(_ header: String?) throws(Problem) -> FileFormat? {
    let type = header?.split(separator: ";").first.map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
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
    case nil, "", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded":
      return nil
    case let other?:
      throw Problem(
        .mediaType,
        "Content-Type \(other) is not known; send application/json, application/x-ndjson, text/csv or "
          + "text/tab-separated-values")
    }
  }

  /// Its documents, chunk by chunk; of each it is known whether it is the last. What is held of them counts in `holding`.
  func chunks(_ deadline: BodyDeadline, _ holding: AppendQueue.Holding) -> Chunks {
    Chunks(pieces: body.makeAsyncIterator(), compression, format, deadline, holding)
  }

  /// Reads the body as it arrives.
  struct Chunks {
    private var pieces: RequestBody.AsyncIterator
    private let compression: BodyCompression
    private let format: FileFormat?
    private var deadline: BodyDeadline
    private let holding: AppendQueue.Holding
    private var reader: BodyReader?
    private var next: FileChunk?
    private var hasEnded = false

    init(
      pieces: RequestBody.AsyncIterator, _ compression: BodyCompression, _ format: FileFormat?,
      _ deadline: BodyDeadline, _ holding: AppendQueue.Holding
    ) {
      (self.pieces, self.holding) = (pieces, holding)
      (self.compression, self.format, self.deadline) = (compression, format, deadline)
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
      if reader == nil { reader = try BodyReader(format, compression) }
      reader?.add(piece)
    }
  }
}
