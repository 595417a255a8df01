import Bytes

extension JSONObjectWriter {
  /// A time as RFC 3339 text, or null.
  public mutating func field(_ name: String, timeNs: Int64?) {
    field(name, optional: timeNs.map { Timestamp(ns: $0).description })
  }
}
