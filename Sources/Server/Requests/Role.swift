/// What whoever asks may do. Each may do what those before it may.
public enum Role: String, Sendable, CaseIterable, Comparable, Codable {
  /// Ask, and look at what there is.
  case reader
  /// Append events.
  case writer
  /// Define, rebuild and drop.
  case admin

  public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .reader: 0
    case .writer: 1
    case .admin: 2
    }
  }
}

/// Who asks, and what that one may do.
struct Principal: Sendable, Equatable {
  /// As events and the catalogue note it.
  var name: String
  var role: Role
  /// The streams that may be asked and appended to; nil for all.
  var streams: Set<String>?
  /// The id of the token that was shown; nil where none was asked for.
  var tokenId: String?

  /// Whether a stream is among those that may be asked.
  func mayAsk(stream: String) -> Bool { streams?.contains(stream) ?? true }
}
