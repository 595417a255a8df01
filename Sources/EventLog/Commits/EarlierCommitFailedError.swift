/// A batch before this one could not be committed, so this one was not either.
public struct EarlierCommitFailedError: Error, Equatable, CustomStringConvertible {
  package init() {}

  public var description: String {
    "an earlier batch could not be committed, so this one was not either; append it again"
  }
}
