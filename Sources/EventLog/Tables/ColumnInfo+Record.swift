import Bytes
import LMDB

extension ColumnInfo {
  /// Where the fields without column of a stream are kept: after all of its columns.
  static func fieldsWithoutColumnKey(_ streamId: UInt32) -> Key {
    Key().appending(streamId).appending(UInt32.max)
  }

  var encoded: [UInt8] {
    var bytes: [UInt8] = [kind.rawValue, isElement ? 1 : 0]
    bytes.append(string: path.string)
    return bytes.sealed()
  }

  init(_ value: RawSpan) throws {
    guard let body = value.unsealed else { throw DamageError(what: "column of a stream") }
    var reader = ByteReader(body)
    guard let kind = SlotKind(rawValue: try reader.integer(UInt8.self)) else {
      throw DamageError(what: "column of a stream")
    }
    self.kind = kind
    isElement = try reader.integer(UInt8.self) == 1
    path = Text(try reader.string())
  }
}
