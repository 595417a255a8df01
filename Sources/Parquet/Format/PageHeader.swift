import Bytes

/// What stands before the bytes of a page.
struct PageHeader {
  var kind: PageKind
  var encoding: ValueEncoding
  /// Of a data page its rows, those without a value as well; of a dictionary its entries.
  var valueCount: Int
  var uncompressedBytes: Int
  var compressedBytes: Int

  /// The header's bytes.
  var bytes: [UInt8] {
    CompactWriter.structure { header in
      header.field(1, int32: kind.rawValue)
      header.field(2, int32: uncompressedBytes)
      header.field(3, int32: compressedBytes)
      switch kind {
      case .data:
        header.field(5) { data in
          data.field(1, int32: valueCount)
          data.field(2, int32: encoding.rawValue)
          // Of the definition levels, and of repetition levels, of which a flat schema has none.
          data.field(3, int32: ValueEncoding.rle.rawValue)
          data.field(4, int32: ValueEncoding.rle.rawValue)
        }
      case .dictionary:
        header.field(7) { dictionary in
          dictionary.field(1, int32: valueCount)
          dictionary.field(2, int32: encoding.rawValue)
        }
      }
    }
  }
}
