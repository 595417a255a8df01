/// The three truths of SQL: what is compared with nothing is neither true nor false.
@frozen public enum Truth: UInt8, Sendable {
  case no, yes, unknown

  /// `yes` or `no`: what is known.
  @inlinable public init(_ holds: Bool) { self = holds ? .yes : .no }

  /// NOT: what is unknown stays so.
  @inlinable public var negated: Truth {
    switch self {
    case .no: .yes
    case .yes: .no
    case .unknown: .unknown
    }
  }

  /// AND: `no` as soon as one of both is, else `unknown` if one is.
  @inlinable public func and(_ other: Truth) -> Truth {
    if self == .no || other == .no { return .no }
    return self == .yes && other == .yes ? .yes : .unknown
  }

  /// OR: `yes` as soon as one of both is, else `unknown` if one is.
  @inlinable public func or(_ other: Truth) -> Truth {
    if self == .yes || other == .yes { return .yes }
    return self == .no && other == .no ? .no : .unknown
  }
}
