import Synchronization

/// Bounds how many requests each client sends, by a bucket of tokens for each: a request takes one, and so many come in a
/// second until the bucket is full. A client is a token, or an address where there are none.
final class RateLimits: Sendable {
  private struct Bucket {
    var tokens: Double
    var filledAt: ContinuousClock.Instant
  }

  private let perSecond: Double
  private let burst: Double
  private let buckets = Mutex<[String: Bucket]>([:])

  /// Buckets that are full are forgotten when there are so many.
  private static let maxIdle = 10_000

  /// No limit when `perSecond` is 0.
  init(perSecond: Int, burst: Int) {
    (self.perSecond, self.burst) = (Double(perSecond), Double(max(1, burst)))
  }

  /// Takes a token of the client's. Throws a ``Problem`` of kind `tooBusy` when it has none. O(1) on average.
  func admit(_ client: String, at now: ContinuousClock.Instant = .now) throws(Problem) {
    if perSecond == 0 { return }
    let missing = buckets.withLock { buckets in
      if buckets.count >= Self.maxIdle {
        buckets = buckets.filter { tokens(in: $0.value, at: now) < burst }
      }
      let known = buckets[client] ?? Bucket(tokens: burst, filledAt: now)
      var bucket = Bucket(tokens: tokens(in: known, at: now), filledAt: now)
      let missing = 1 - bucket.tokens
      if missing <= 0 { bucket.tokens -= 1 }
      buckets[client] = bucket
      return missing
    }
    guard missing > 0 else { return }
    var problem = Problem(
      .tooBusy,
      "more than \(Int(perSecond)) requests a second (limits.requests_per_second) after the first \(Int(burst)) "
        + "(limits.request_burst); send fewer, with more in each")
    problem.retryAfterSeconds = max(1, Int((missing / perSecond).rounded(.up)))
    throw problem
  }

  private func tokens(in bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
    min(burst, bucket.tokens + (now - bucket.filledAt) / .seconds(1) * perSecond)
  }
}
