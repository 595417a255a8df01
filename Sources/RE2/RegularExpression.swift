import CRE2

/// A regular expression of RE2's dialect: a text is matched in time linear in its length, whatever the pattern. UTF-8;
/// case matters; a match may be anywhere in the text. Any number of threads may use one at once.
@safe public final class RegularExpression: @unchecked Sendable {
  /// A pattern that RE2 does not take.
  public struct Refusal: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in RE2's words.
    public var message: String
    /// What to write instead, where that is known.
    public var hint: String?
    public var description: String { hint.map { "\(message); \($0)" } ?? message }
  }

  /// What an expression may take in memory, its caches included: patterns that need more are refused, and matching goes
  /// on without a cache when it is full.
  public static let maxMemoryBytes = 8 << 20

  // Never changed: RE2 locks what it caches.
  let expression: OpaquePointer

  /// Throws ``Refusal``. O(pattern), up to ``maxMemoryBytes``.
  public init(_ pattern: String) throws(Refusal) {
    var pattern = pattern
    let made = pattern.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
        unsafe nilo_regex_create(bytes.baseAddress, bytes.count, Self.maxMemoryBytes)
      }
    }
    guard let made = unsafe made else {
      preconditionFailure("out of memory for a regular expression")
    }
    unsafe expression = made
    if unsafe nilo_regex_status(made) != 0 {
      throw Refusal(unsafe String(cString: nilo_regex_error(made)))
    }
  }

  deinit { unsafe nilo_regex_destroy(expression) }

  /// Whether some part of `text` matches. O(bytes).
  public func matches(_ text: RawSpan) -> Bool {
    unsafe text.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else {
        return unsafe nilo_regex_matches(expression, "", 0)
      }
      return unsafe nilo_regex_matches(
        expression, base.assumingMemoryBound(to: CChar.self), bytes.count)
    }
  }

  /// Whether some part of `text` matches. O(bytes).
  public func matches(_ text: String) -> Bool { unsafe matches(text.utf8Span.span.bytes) }
}

extension RegularExpression.Refusal {
  /// RE2 names the part that it does not take at the end of its message.
  init(_ message: String) {
    self.message = message
    let part = message.split(separator: ":", maxSplits: 1).last.map { $0.drop { $0 == " " } } ?? ""
    if part.hasPrefix("(?=") || part.hasPrefix("(?!") {
      hint = "there is no lookahead; write a second condition, such as x !~ 'test'"
    } else if part.hasPrefix("(?<") {
      hint = "there is no lookbehind, and a named group is written (?P<name>...)"
    } else if part.hasPrefix("\\"),
      part.dropFirst().first?.isNumber == true || part.hasPrefix("\\k")
    {
      hint = "there are no backreferences: a text is matched in time linear in its length"
    } else {
      hint = nil
    }
  }
}
