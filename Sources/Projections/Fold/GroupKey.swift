import Bytes

/// The dimensions of a group as bytes that sort by them: each is a text that a zero byte ends, or absent, which comes
/// last, as NULL does in all answers.
enum GroupKey {
  private static let present: UInt8 = 2
  private static let absent: UInt8 = 3

  static func appendAbsent(to bytes: inout [UInt8]) { bytes.append(absent) }

  static func append(_ label: RawSpan, to bytes: inout [UInt8]) {
    bytes.append(present)
    var start = 0
    for index in 0..<label.byteCount where label.byte(at: index) == 0 {
      // A zero within the text is followed by a one, so that the end is unmistakable.
      bytes.append(span: label.extracting(start..<index + 1))
      bytes.append(1)
      start = index + 1
    }
    bytes.append(span: label.extracting(start..<label.byteCount))
    bytes.append(0)
    bytes.append(0)
  }

  /// The dimensions again; nil when the bytes are not a group of `count` dimensions.
  static func labels(_ bytes: RawSpan, count: Int) -> [Text?]? {
    var labels: [Text?] = []
    var offset = 0
    while offset < bytes.byteCount {
      let kind = bytes.byte(at: offset)
      offset += 1
      if kind == absent {
        labels.append(nil)
        continue
      }
      guard kind == present else { return nil }
      var text: [UInt8] = []
      while true {
        guard offset < bytes.byteCount else { return nil }
        let byte = bytes.byte(at: offset)
        offset += 1
        if byte == 0 {
          guard offset < bytes.byteCount else { return nil }
          offset += 1
          if bytes.byte(at: offset - 1) == 0 { break }
        }
        text.append(byte)
      }
      labels.append(Text(decoding: text))
    }
    return labels.count == count ? labels : nil
  }
}
