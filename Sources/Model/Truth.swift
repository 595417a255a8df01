/// The three truths of SQL: what is compared with nothing is neither true nor false.
@frozen public enum Truth: UInt8, Sendable {
  case no, yes, unknown

  @inlinable public init(_ holds: Bool) { self = holds ? .yes : .no }

  /// NOT: what is unknown stays so.
  @inlinable public var negated: Truth {
    switch self {
    case .no: .yes
    case .yes: .no
    case .unknown: .unknown
    }
  }

  @inlinable public func and(_ other: Truth) -> Truth {
    if self == .no || other == .no { return .no }
    return self == .yes && other == .yes ? .yes : .unknown
  }

  @inlinable public func or(_ other: Truth) -> Truth {
    if self == .yes || other == .yes { return .yes }
    return self == .no && other == .no ? .no : .unknown
  }
}
