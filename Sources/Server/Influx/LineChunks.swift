import FileConnector
import Hummingbird
import LineProtocol

/// The lines of a body, read as they arrive: whole lines of about a MiB at a time.
struct LineChunks {
  /// Whole lines.
  struct Chunk: Sendable {
    var text: [UInt8]
    var lines: [Range<Int>]
    var firstLine: Int64
  }

  private var chunks: IngestBody.Chunks
  /// A line that the chunk before has a part of only: within a string, there are line breaks that end none.
  private var begun: [UInt8] = []
  private var nextLine: Int64 = 1

  init(_ body: IngestBody, _ deadline: BodyDeadline, _ holding: AppendQueue.Holding) {
    chunks = body.chunks(deadline, holding)
  }

  /// Nil after the last one. Throws ``BodyError``, and a ``Problem`` after the deadline, when too much is held, or for a
  /// line that is too long.
  mutating func next() async throws -> Chunk? {
    while let (chunk, isLast) = try await chunks.next() {
      let batch = chunk.documents()
      if let refused = batch.refused.first { throw Problem(.tooLarge, refused.reason) }
      let text = begun.isEmpty ? batch.bytes : begun + batch.bytes
      var splitter = LineSplitter(text, isEnd: isLast)
      var lines: [Range<Int>] = []
      while let line = splitter.next() { lines.append(line) }
      begun = Array(text[splitter.position...])
      defer { nextLine += Int64(lines.count) }
      if !lines.isEmpty { return Chunk(text: text, lines: lines, firstLine: nextLine) }
    }
    return nil
  }
}
