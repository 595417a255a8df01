/// How far a connector has read a source: an offset, a cursor, an ETag, whatever it needs to go on. One may stand for
/// documents of several streams: it is then given with the last of the batches.
public struct SourceProgress: Sendable, Equatable {
  /// The name of what is read, unique over all streams; at most ``Limits/maxSourceNameBytes``.
  public var source: String
  /// Known to the connector alone; at most ``Limits/maxProgressBytes``.
  public var position: [UInt8]

  public init(source: String, position: [UInt8]) {
    (self.source, self.position) = (source, position)
  }
}
