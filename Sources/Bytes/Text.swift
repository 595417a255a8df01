import Glibc

/// A text that is its UTF-8 bytes: two are equal when their bytes are, and they are hashed and ordered by them.
///
/// Swift's `String` takes what Unicode holds for equivalent, such as a composed and a decomposed "é", for the same
/// text. JSON does not, and so labels, values and paths of users do not either: whatever of theirs is compared, sorted
/// or a key is a `Text`.
@frozen
public struct Text: Sendable {
  /// The same text for what shows it. Do not compare it.
  public var string: String

  /// O(1) for strings of Swift's own storage, as all but literals of other kinds are.
  @inlinable
  public init(_ string: String) {
    self.string = string
    self.string.makeContiguousUTF8()
  }

  /// The text of UTF-8 bytes; what is not legal becomes U+FFFD. O(bytes).
  @inlinable
  public init(decoding bytes: some Collection<UInt8>) {
    string = String(decoding: bytes, as: UTF8.self)
  }

  /// Its bytes.
  @inlinable public var utf8: String.UTF8View { string.utf8 }

  @inlinable public var isEmpty: Bool { string.isEmpty }

  /// Its bytes, read in place.
  @inlinable
  public var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get { unsafe string.utf8Span.span.bytes }
  }

  /// Runs `body` on the bytes of both texts, in place.
  @inlinable
  static func withBytes<Value>(
    _ left: Text, _ right: Text,
    _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Value
  ) -> Value {
    let value = unsafe left.string.utf8.withContiguousStorageIfAvailable { left in
      unsafe right.string.utf8.withContiguousStorageIfAvailable { right in
        unsafe body(left, right)
      }
    }
    guard let value, let value else { preconditionFailure("a text is not contiguous") }
    return value
  }
}

extension Text: Hashable, Comparable {
  /// O(bytes), and O(1) when the texts are of different lengths.
  @inlinable
  public static func == (left: Text, right: Text) -> Bool {
    if left.utf8.count != right.utf8.count { return false }
    return unsafe withBytes(left, right) { left, right in
      if left.isEmpty { return true }
      guard let a = left.baseAddress, let b = right.baseAddress else { return false }
      return unsafe memcmp(a, b, left.count) == 0
    }
  }

  /// The order of bytes, which is that of Unicode's code points. O(bytes).
  @inlinable
  public static func < (left: Text, right: Text) -> Bool {
    unsafe withBytes(left, right) { left, right in
      guard let a = left.baseAddress, let b = right.baseAddress else {
        return left.count < right.count
      }
      let order = unsafe memcmp(a, b, min(left.count, right.count))
      return order == 0 ? left.count < right.count : order < 0
    }
  }

  @inlinable
  public func hash(into hasher: inout Hasher) {
    var string = string
    string.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // No byte of UTF-8: it parts a text from what is hashed after it.
    hasher.combine(0xFF as UInt8)
  }

  // A string beside a text is compared as one.

  @inlinable public static func == (left: Text, right: String) -> Bool { left == Text(right) }
  @inlinable public static func == (left: String, right: Text) -> Bool { Text(left) == right }
  /// Byte by byte.
  @inlinable public static func != (left: Text, right: String) -> Bool { left != Text(right) }
  /// Byte by byte.
  @inlinable public static func != (left: String, right: Text) -> Bool { Text(left) != right }
}

extension Text: ExpressibleByStringInterpolation {
  /// The text of a literal, whose bytes are kept as they are.
  @inlinable public init(stringLiteral value: String) { self.init(value) }
}

extension Text: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String { string }
  public var debugDescription: String { string.debugDescription }
}

extension Sequence<Text> {
  /// The texts one after the other, as a string to be shown. O(bytes).
  public func joined(separator: String = "") -> String {
    lazy.map(\.string).joined(separator: separator)
  }
}
