/// A request that brings documents in one batch or several, so that the same request is known when it comes again. It is
/// committed with each of its batches.
public struct RequestMark: Sendable, Equatable {
  /// At most so many bytes each.
  public static let maxNameBytes = 255
  public static let maxFingerprintBytes = 64

  /// Which request it is: no other may have the name before ``expiresNs``.
  public var name: String
  /// Documents of the request up to the end of the batch.
  public var documentCount: UInt64
  /// What these are: a hash that the program chooses, to tell another request of this name.
  public var fingerprint: [UInt8]
  /// Whether the batch is the last.
  public var isWhole: Bool
  /// When the request is forgotten, in nanoseconds since 1970.
  public var expiresNs: Int64

  public init(
    name: String, documentCount: UInt64, fingerprint: [UInt8], isWhole: Bool, expiresNs: Int64
  ) {
    precondition(name.utf8.count <= Self.maxNameBytes, "the name of a request is too long")
    precondition(fingerprint.count <= Self.maxFingerprintBytes, "a fingerprint is too long")
    (self.name, self.documentCount, self.fingerprint) = (name, documentCount, fingerprint)
    (self.isWhole, self.expiresNs) = (isWhole, expiresNs)
  }
}
