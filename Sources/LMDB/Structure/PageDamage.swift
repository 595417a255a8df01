/// A page of the file that is not as LMDB writes it.
public struct PageDamage: Error, Sendable, Equatable, CustomStringConvertible {
  /// The page; nil when no single one is to blame.
  public let page: UInt64?

  /// What is wrong with it.
  public let what: String

  public var description: String { page.map { "page \($0): \(what)" } ?? what }
}
