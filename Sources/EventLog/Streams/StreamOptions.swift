import Model

/// What a user says of a stream that does not exist yet; the rest is detected from its first documents.
public struct StreamOptions: Sendable, Equatable {
  /// How a stream's dedup id is chosen.
  public enum Dedup: Sendable, Equatable {
    /// `event_id` when one of the first documents has it, else none.
    case detect
    case none
    case path(String)
    /// Several fields, all of which an event has to have.
    case paths([String])
  }

  public var timePath: String?
  public var keyPath: String?
  public var dedup: Dedup
  public var explodePath: String?
  /// From the document's top, as all paths.
  public var elementTimePath: String?
  /// Nil: that of ``StreamDefinition``.
  public var dedupWindowNs: Int64?
  public var latenessNs: Int64?
  /// Of times that do not say it themselves; see ``StreamDefinition``.
  public var timeZone: String?
  public var timeUnit: TimeFormat.EpochUnit?
  public var timeFormat: String?

  /// What is nil is detected from the first documents, or as usual.
  public init(
    timePath: String? = nil, keyPath: String? = nil, dedup: Dedup = .detect,
    explodePath: String? = nil, elementTimePath: String? = nil, dedupWindowNs: Int64? = nil,
    latenessNs: Int64? = nil
  ) {
    self.timePath = timePath
    self.keyPath = keyPath
    self.dedup = dedup
    self.explodePath = explodePath
    self.elementTimePath = elementTimePath
    self.dedupWindowNs = dedupWindowNs
    self.latenessNs = latenessNs
  }
}
