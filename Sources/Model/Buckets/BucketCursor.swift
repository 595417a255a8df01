/// Finds the buckets of many times, most of which fall in the same bucket as the one before.
public struct BucketCursor: Sendable {
  public let buckets: Buckets
  /// The bucket found last; empty before the first.
  @usableFromInline var lower: Int64 = 0
  @usableFromInline var upper: Int64 = 0

  /// A cursor that has found no bucket yet.
  public init(_ buckets: Buckets) { self.buckets = buckets }

  /// The start of the bucket that holds a time: two comparisons if it is the last one.
  @inlinable
  public mutating func start(of timeNs: Int64) -> Int64 {
    if timeNs >= lower && timeNs < upper { return lower }
    return move(to: timeNs)
  }

  @usableFromInline
  mutating func move(to timeNs: Int64) -> Int64 {
    let range = buckets.range(of: timeNs)
    (lower, upper) = (range.lowerBound, range.upperBound)
    return lower
  }
}
