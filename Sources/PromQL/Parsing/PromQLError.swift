/// A text is no expression of the subset.
public struct PromQLError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, and what there is instead.
  public var message: String
  /// Where, from 1; columns count Unicode scalars.
  public var line: Int
  public var column: Int

  init(_ message: String, at offset: Int, of bytes: [UInt8]) {
    self.message = message
    let before = bytes.prefix(offset)
    line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
  }

  public var description: String { "\(line):\(column): parse error: \(message)" }
}
