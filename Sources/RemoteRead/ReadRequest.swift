import Snappy
import SwiftProtobuf

/// What a Prometheus server asks for.
public struct ReadRequest: Sendable {
  /// Series of a stretch of time.
  public struct Query: Sendable {
    public var matchers: [Matcher]
    /// Both ends belong to it.
    public var startMs: Int64
    public var endMs: Int64
  }

  /// A condition on a label.
  public struct Matcher: Sendable {
    public var name: String
    /// `=`, `!=`, `=~` or `!~`.
    public var comparison: String
    public var value: String
  }

  public var queries: [Query]
  /// Whether chunks are wanted rather than samples.
  public var takesChunks: Bool

  /// Bytes that are no request.
  public struct Failure: Error, Equatable, CustomStringConvertible {
    public var description: String
  }

  /// Bytes of a request at most, decompressed.
  public static let maxBytes = 1 << 20

  /// Reads a body: protobuf, compressed by Snappy. O(bytes).
  public init(_ body: [UInt8]) throws(Failure) {
    let bytes: [UInt8]
    do throws(Snappy.Failure) {
      bytes = try Snappy.decompress(body, maxBytes: Self.maxBytes)
    } catch {
      switch error {
      case .damaged: throw Failure(description: "the body is not compressed by Snappy")
      case .tooLarge(let count):
        throw Failure(
          description: "the body has \(count) bytes, and \(Self.maxBytes) are the most there may be"
        )
      }
    }
    guard let message = try? Prometheus_ReadRequest(serializedBytes: bytes) else {
      throw Failure(description: "the body is no prometheus.ReadRequest")
    }
    let accepted = message.acceptedResponseTypes
    takesChunks =
      accepted.first { $0 == .samples || $0 == .streamedXorChunks } == .streamedXorChunks
    var queries: [Query] = []
    for query in message.queries {
      var matchers: [Matcher] = []
      for matcher in query.matchers {
        guard let comparison = matcher.type.text else {
          throw Failure(description: "a matcher of \(matcher.name) is of no known type")
        }
        matchers.append(
          Matcher(name: matcher.name, comparison: comparison, value: matcher.value))
      }
      queries.append(
        Query(matchers: matchers, startMs: query.startTimestampMs, endMs: query.endTimestampMs))
    }
    self.queries = queries
  }
}

extension Prometheus_LabelMatcher.TypeEnum {
  fileprivate var text: String? {
    switch self {
    case .eq: "="
    case .neq: "!="
    case .re: "=~"
    case .nre: "!~"
    case .UNRECOGNIZED: nil
    }
  }
}
