import Glibc

/// What the system refused.
public struct TerminalError: Error, CustomStringConvertible {
  public var description: String

  init(_ message: String) { description = message }

  /// With the text of `errno`.
  init(_ what: String, code: Int32) {
    description = "\(what): \(unsafe String(cString: strerror(code)))"
  }
}
