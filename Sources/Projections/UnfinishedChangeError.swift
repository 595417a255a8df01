/// A change has taken effect, and what was to follow could not be done.
public struct UnfinishedChangeError: Error, Equatable, CustomStringConvertible {
  /// What is so now.
  public var done: String
  /// What is not.
  public var missing: String
  /// When or how it will be.
  public var remedy: String
  public var cause: String

  public var description: String { "\(done), but \(missing): \(cause); \(remedy)" }
}
