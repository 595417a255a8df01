import Bytes
import Checksum

/// The hash by which distinct values are counted.
enum LabelHash {
  static func hash(_ label: [UInt8]) -> UInt64 { checksum(label.rawSpan) }
}
