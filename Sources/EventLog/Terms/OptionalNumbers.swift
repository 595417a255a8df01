import Bytes

/// A number that may be missing, in a record.
extension [UInt8] {
  mutating func append(optional value: Int64?) {
    append(value == nil ? 0 : 1)
    append(signedVarint: value ?? 0)
  }
}

extension ByteReader {
  mutating func optional() throws(MalformedBytes) -> Int64? {
    let isThere = try integer(UInt8.self) == 1
    let value = try signedVarint()
    return isThere ? value : nil
  }
}
