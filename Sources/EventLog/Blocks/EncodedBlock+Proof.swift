import Bytes
import Zstd

extension EncodedBlock {
  /// Whether reading the block gives the documents of `batch` back byte for byte. `rendered` is memory that is used again.
  /// O(bytes).
  func givesBack(
    _ batch: borrowing ParsedBatch, _ rendered: inout BlockDocuments,
    _ decompressor: ZstdDecompressor
  ) throws -> Bool {
    let state = batch.schema.snapshot()
    do {
      try DocumentRenderer.render(
        BlockReader(self, decompressor), columns: state.columns,
        program: ShapeProgram(state.trie.shapes), into: &rendered)
    } catch is DamageError {
      return false
    }
    let rendered = rendered
    let renderedBytes = rendered.bytes.rawSpan
    let original = batch.bytes.rawSpan
    var start = 0
    for (index, end) in rendered.ends.enumerated() {
      let place = batch.documents[index]
      let byteCount = Int(place & 0xFFFF_FFFF)
      guard end - start == byteCount,
        original.isEqual(
          from: Int(place >> 32), to: renderedBytes, from: start, byteCount: byteCount)
      else { return false }
      start = end
    }
    return true
  }
}
