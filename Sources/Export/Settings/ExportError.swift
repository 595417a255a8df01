/// An export cannot be made, or not be gone on with.
public struct ExportError: Error, Equatable, CustomStringConvertible {
  /// What happened, where, and what to do.
  public var description: String

  init(_ description: String) { self.description = description }
}
