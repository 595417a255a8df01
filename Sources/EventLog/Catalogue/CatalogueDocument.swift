import Bytes

/// A document of the catalogue: one change of what the store knows, as flat JSON.
package struct CatalogueDocument: Sendable {
  /// The event's sequence number.
  package var seq: UInt64
  private var texts: [String: String] = [:]

  /// Reads the scalar fields of `bytes`; none when it is no document.
  package init(seq: UInt64, _ bytes: [UInt8]) {
    self.seq = seq
    var list = TokenList()
    var scanner = DocumentScanner(bytes.rawSpan, range: 0..<bytes.count, explodePath: nil)
    do throws(DocumentError) { try scanner.scan(into: &list) } catch { return }
    for token in list.tokens {
      texts[list.paths[Int(token.path)]] = token.text(in: bytes.rawSpan)
    }
  }

  /// Why `bytes` are no document; nil when they are one. O(bytes).
  package static func fault(of bytes: [UInt8]) -> DocumentError? {
    var list = TokenList()
    var scanner = DocumentScanner(bytes.rawSpan, range: 0..<bytes.count, explodePath: nil)
    do throws(DocumentError) { try scanner.scan(into: &list) } catch { return error }
    return nil
  }

  /// The value of a field as text.
  package subscript(_ field: String) -> String? { texts[field] }
}
