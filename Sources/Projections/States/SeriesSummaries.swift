import Model

/// What the samples of one series in a span of time add up to, exactly. Summaries of neighbouring spans merge: it takes
/// the last sample of one and the first of the next to know what is between.
struct SeriesSummary: Sendable, Equatable {
  var first: Sample
  var last: Sample
  /// Whether the first is the last as well.
  private(set) var isOneSample: Bool
  /// When a counter falls it was reset, and began at 0 again. The sum of the values before the resets: with it the
  /// increase is what the last value is above the first.
  private(set) var resets = ExactSum()
  /// The sum of each value times the nanoseconds until the next sample.
  private(set) var area = ExactSum()

  /// Of samples by time. O(samples).
  init(_ samples: [Sample]) {
    first = samples[0]
    last = samples[0]
    isOneSample = samples.count == 1
    var wholeArea = Int256.zero
    for sample in samples.dropFirst() {
      if sample.value < last.value { resets.add(last.value.exact) }
      let heldNs = sample.timeNs.saturatingSubtracting(last.timeNs)
      if let whole = last.value.int64 {
        wholeArea += Int256(Int128(whole) * Int128(heldNs))
      } else {
        area.add(last.value.exact, times: heldNs)
      }
      last = sample
    }
    area.add(ExactSum(decimals: wholeArea.multiplied(by: ExactNumber.unitsOfOne)))
  }

  mutating func merge(_ next: SeriesSummary) {
    resets.add(Self.reset(from: last, to: next.first))
    resets.add(next.resets)
    area.add(Self.area(of: last, untilNs: next.first.timeNs))
    area.add(next.area)
    last = next.last
    isOneSample = false
  }

  /// How much a counter went up, from a sample before the span if there is one.
  func increase(from before: Sample?) -> ExactSum {
    var sum = resets
    if let before { sum.add(Self.reset(from: before, to: first)) }
    sum.add(last.value.exact)
    sum.subtract((before ?? first).value.exact)
    return sum
  }

  private static func reset(from one: Sample, to next: Sample) -> ExactSum {
    var sum = ExactSum()
    if next.value < one.value { sum.add(one.value.exact) }
    return sum
  }

  static func area(of sample: Sample, untilNs: Int64) -> ExactSum {
    var sum = ExactSum()
    sum.add(sample.value.exact, times: untilNs.saturatingSubtracting(sample.timeNs))
    return sum
  }
}

/// The series of a cell or of a window of them.
struct SeriesSummaries: Sendable, Equatable {
  struct Series: Sendable, Equatable {
    var name: [UInt8]
    var summary: SeriesSummary
    /// The last sample before the span, if there is one.
    var before: Sample?
  }

  /// By name.
  var series: [Series] = []

  init() {}

  init(_ samples: SeriesSamples) {
    series = samples.series.map { Series(name: $0.name, summary: SeriesSummary($0.samples)) }
  }

  /// Adds what comes after. O(series of both).
  mutating func merge(_ next: SeriesSummaries) {
    if next.series.isEmpty { return }
    if series.count == 1, next.series.count == 1, series[0].name == next.series[0].name {
      return series[0].summary.merge(next.series[0].summary)
    }
    var merged: [Series] = []
    merged.reserveCapacity(max(series.count, next.series.count))
    var place = 0
    for added in next.series {
      while place < series.count, series[place].name.lexicographicallyPrecedes(added.name) {
        merged.append(series[place])
        place += 1
      }
      if place < series.count, series[place].name == added.name {
        merged.append(series[place])
        merged[merged.count - 1].summary.merge(added.summary)
        place += 1
      } else {
        merged.append(added)
      }
    }
    merged.append(contentsOf: series[place...])
    series = merged
  }

  /// What all series went up by together; nil when no two samples of a series are known.
  var increase: ExactSum? {
    var sum: ExactSum?
    for one in series {
      if one.before == nil, one.summary.isOneSample { continue }
      var total = sum ?? ExactSum()
      total.add(one.summary.increase(from: one.before))
      sum = total
    }
    return sum
  }

  /// The increase per second of each series over the time that its samples cover, summed up over the series; NaN when
  /// none covers a time.
  var rate: Double {
    var sum = BinarySum()
    var hasRate = false
    for one in series {
      let start = one.before ?? one.summary.first
      let coveredNs = one.summary.last.timeNs.saturatingSubtracting(start.timeNs)
      guard coveredNs > 0 else { continue }
      let rate = one.summary.increase(from: one.before)
        .double(perSecondOf: UInt64(coveredNs))
      if !rate.isFinite { return rate }
      sum.add(rate)
      hasRate = true
    }
    return hasRate ? ExactSum(binary: sum).double : .nan
  }

  /// The average weighted with how long each value held within `span`, from the first one known on; NaN without any.
  func timeAverage(_ span: Range<Int64>) -> Double {
    var area = ExactSum()
    var heldNs: UInt128 = 0
    for one in series {
      var startNs = one.summary.first.timeNs
      if let before = one.before {
        startNs = span.lowerBound
        let held = Sample(timeNs: startNs, value: before.value)
        area.add(SeriesSummary.area(of: held, untilNs: one.summary.first.timeNs))
      }
      area.add(one.summary.area)
      let endNs = max(span.upperBound, one.summary.last.timeNs)
      area.add(SeriesSummary.area(of: one.summary.last, untilNs: endNs))
      heldNs += UInt128(endNs.saturatingSubtracting(startNs).magnitude)
    }
    if heldNs == 0 { return series.first?.summary.last.value.number.double ?? .nan }
    return area.double(dividedBy: heldNs)
  }
}
