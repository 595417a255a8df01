import Model

/// How far one may rely on a row of a bucket.
enum RowState: String {
  /// Events for it may still come.
  case provisional
  /// The watermark has passed the bucket's end by the lateness that is waited for.
  case final
  /// The range cuts the bucket: the row has a part of its facts, whether or not more may come.
  case partial
}

extension BoundQuery {
  /// Whether rows cover more than their bucket.
  var isRolling: Bool {
    guard let rolling, let buckets else { return false }
    return rolling.nominalNs > buckets.length.nominalNs
  }

  /// Where the window begins that ends with a bucket.
  func windowStart(_ bucketNs: Int64) -> Int64 {
    guard let rolling, let buckets else { return bucketNs }
    var start = bucketNs
    let panes = rolling.nominalNs / max(1, buckets.length.nominalNs)
    for _ in 1..<max(2, panes) where panes > 1 && start > .min {
      start = buckets.start(of: start - 1)
    }
    return start
  }

  /// The starts of the buckets that the range cuts: the first and the last one at most. Windows of rolling buckets also
  /// have what is before the range, so that only its end cuts them.
  var cutBuckets: [Int64] {
    buckets?.cut(by: range, isRolling: isRolling) ?? []
  }

  /// Whether the watermark has passed the end of a bucket by the lateness that is waited for.
  func isFinal(bucketStarting startNs: Int64, _ watermarkNs: Int64?) -> Bool {
    guard let watermarkNs else { return false }
    let end = buckets?.end(ofBucketStarting: startNs) ?? range.upperBound
    let (due, overflow) = end.addingReportingOverflow(latenessNs)
    return !overflow && watermarkNs >= due
  }

  /// Whether a row has other facts than at ``since``, or is final now and was not then.
  func isChanged(_ row: Int, _ table: RowTable, since earlier: KnownState) -> Bool {
    if isOfFacts { return table.firstSeqs[row] > earlier.seq }
    if table.lastSeqs[row] > earlier.seq { return true }
    if rolling != nil, let buckets {
      // Time had not got there.
      guard let lastNs = earlier.lastNs, table.timesNs[row] <= lastNs else { return true }
      if buckets.start(of: lastNs) < table.timesNs[row] { return true }
    }
    return table.states[row] == .final
      && !isFinal(bucketStarting: table.timesNs[row], earlier.watermarkNs)
  }

  func state(bucketStarting startNs: Int64, _ watermarkNs: Int64?) -> RowState {
    if cutBuckets.contains(startNs) { return .partial }
    return isFinal(bucketStarting: startNs, watermarkNs) ? .final : .provisional
  }
}

extension Buckets {
  /// The starts of the buckets that a range cuts, ascending: the first, unless windows reach before it, and the last.
  func cut(by range: Range<Int64>, isRolling: Bool) -> [Int64] {
    guard !range.isEmpty else { return [] }
    let first = self.range(of: range.lowerBound)
    let last = self.range(of: range.upperBound - 1)
    var cut: [Int64] = []
    if !isRolling, first.lowerBound < range.lowerBound { cut.append(first.lowerBound) }
    if last.upperBound > range.upperBound, last.lowerBound != cut.first {
      cut.append(last.lowerBound)
    }
    return cut
  }
}
