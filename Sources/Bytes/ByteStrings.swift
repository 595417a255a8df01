/// A list of byte strings that stand one after the other in one array.
public struct ByteStrings: Sendable, Equatable {
  /// All strings, and what ``extend(_:)`` has begun.
  public private(set) var bytes: [UInt8]
  /// Where each string ends; it begins where the one before ends.
  public private(set) var ends: [UInt32]

  /// A list without strings.
  public init() { (bytes, ends) = ([], []) }

  /// `ends` rise and are at most the count of `bytes`.
  public init(bytes: [UInt8], ends: [UInt32]) { (self.bytes, self.ends) = (bytes, ends) }

  public var count: Int { ends.count }
  public var indices: Range<Int> { ends.indices }

  /// Where in ``bytes`` string `index` is; traps unless there is one. O(1).
  @inline(__always)
  public func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
  }

  /// A copy of string `index`.
  public subscript(index: Int) -> [UInt8] { Array(bytes[range(index)]) }

  /// Appends one string; traps when all together have more than 4 GiB. Bytes that ``extend(_:)`` has begun a string
  /// with become its beginning. O(bytes).
  public mutating func append(_ string: [UInt8]) {
    bytes.append(contentsOf: string)
    finishString()
  }

  /// Appends bytes to the string that ``finishString()`` will end.
  public mutating func extend(_ body: (inout [UInt8]) -> Void) { body(&bytes) }

  /// Makes a string of what was appended since the last one.
  public mutating func finishString() {
    precondition(bytes.count <= Int(UInt32.max), "strings of more than 4 GiB")
    ends.append(UInt32(bytes.count))
  }
}
