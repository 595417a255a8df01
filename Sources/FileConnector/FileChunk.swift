import Model

/// Whole documents of a file, cut but not looked at: what phase 1 hands to phase 2.
///
/// It can be empty of documents, when it was cut from blank lines.
public struct FileChunk: Sendable {
  /// What phase 1 already knows of the documents.
  enum Layout: Sendable {
    case lines
    case documents([DocumentRange])
    case rows(CSVRows)
  }

  var bytes: [UInt8]
  /// Offset of the first byte in the decompressed source.
  public let position: Int64
  /// Offset of the first byte after the chunk in the decompressed source.
  public let endPosition: Int64
  var refused: [RefusedDocument]
  let layout: Layout
  /// Where to begin again after it.
  let end: CutPoint
  /// The same for the file, to be kept with the documents; nil of what is no file.
  public internal(set) var checkpoint: FileCheckpoint?

  /// How many bytes of the source wait in this chunk.
  public var byteCount: Int { bytes.count }

  /// Phase 2: finds each document's range, and renders CSV rows as JSON.
  ///
  /// Pure, and safe to call on any thread. NDJSON and JSON keep the chunk's bytes without a copy.
  /// Linear in the chunk's bytes; for CSV in the rendered bytes, which stay under 1 GiB.
  public consuming func documents() -> DocumentBatch {
    let position = self.position
    let endPosition = self.endPosition
    let refused = self.refused
    switch layout {
    case .documents(let ranges):
      return DocumentBatch(
        bytes: bytes, documents: ranges, refused: refused, endPosition: endPosition)
    case .lines:
      let lines = LineDocuments(bytes.span, position: position)
      return DocumentBatch(
        bytes: bytes, documents: lines.documents, refused: merged(refused, lines.refused),
        endPosition: endPosition)
    case .rows(let rows):
      var renderer = CSVRenderer(rows, position: position)
      renderer.render(bytes.span)
      return DocumentBatch(
        bytes: renderer.output, documents: renderer.documents,
        refused: merged(refused, renderer.refused), endPosition: endPosition)
    }
  }
}

/// The refusals of both phases, in source order.
private func merged(_ cut: [RefusedDocument], _ found: [RefusedDocument]) -> [RefusedDocument] {
  if cut.isEmpty { return found }
  return (cut + found).sorted { $0.position < $1.position }
}
