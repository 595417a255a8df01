/// A series of a group, by the group's number in ``HotCells``.
struct SeriesOfGroup: Hashable, Sendable {
  var group: Int32
  var name: [UInt8]
}

/// The buckets in which series have samples.
struct SeriesBuckets: Sendable {
  /// In order of time.
  private(set) var buckets: [SeriesOfGroup: [Int64]] = [:]

  /// O(1) for the latest bucket of a series, else O(its buckets).
  mutating func insert(_ bucketNs: Int64, _ series: SeriesOfGroup) {
    let place = buckets[series].map { Self.place(of: bucketNs, in: $0) } ?? 0
    if let known = buckets[series], place < known.count, known[place] == bucketNs { return }
    buckets[series, default: []].insert(bucketNs, at: place)
  }

  /// The next bucket after one. O(log buckets).
  func bucket(of series: SeriesOfGroup, after bucketNs: Int64) -> Int64? {
    guard let known = buckets[series], bucketNs < .max else { return nil }
    let place = Self.place(of: bucketNs + 1, in: known)
    return place < known.count ? known[place] : nil
  }

  /// The last bucket before one. O(log buckets).
  func bucket(of series: SeriesOfGroup, before bucketNs: Int64) -> Int64? {
    guard let known = buckets[series] else { return nil }
    let place = Self.place(of: bucketNs, in: known)
    return place > 0 ? known[place - 1] : nil
  }

  /// The place of the first bucket that is not before one.
  private static func place(of bucketNs: Int64, in buckets: [Int64]) -> Int {
    if let last = buckets.last, last < bucketNs { return buckets.count }
    var (low, high) = (0, buckets.count)
    while low < high {
      let middle = (low + high) / 2
      if buckets[middle] < bucketNs { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
