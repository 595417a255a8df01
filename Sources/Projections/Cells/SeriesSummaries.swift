/// What the samples of one series in a span of time add up to. Summaries of neighbouring spans merge: it takes the last
/// sample of one and the first of the next to know what is between.
struct SeriesSummary: Sendable, Equatable {
  var first: Sample
  var last: Sample
  /// How much a counter went up from the first to the last sample. When it falls it was reset, and began at 0 again.
  var increase = 0.0
  /// The sum of each value times the seconds until the next sample.
  var integral = 0.0

  init(_ samples: [Sample]) {
    first = samples[0]
    last = samples[0]
    for sample in samples.dropFirst() { append(sample) }
  }

  private mutating func append(_ sample: Sample) {
    increase += Self.step(from: last, to: sample)
    integral += Self.area(of: last, untilNs: sample.timeNs)
    last = sample
  }

  mutating func merge(_ next: SeriesSummary) {
    append(next.first)
    increase += next.increase
    integral += next.integral
    last = next.last
  }

  static func step(from one: Sample, to next: Sample) -> Double {
    next.value >= one.value ? next.value - one.value : next.value
  }

  static func area(of sample: Sample, untilNs: Int64) -> Double {
    sample.value * (Double(untilNs.saturatingSubtracting(sample.timeNs)) / 1e9)
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
  var increase: Double? {
    var sum: Double?
    for one in series {
      if let before = one.before {
        sum = (sum ?? 0) + SeriesSummary.step(from: before, to: one.summary.first)
      } else if one.summary.first.timeNs == one.summary.last.timeNs {
        continue
      }
      sum = (sum ?? 0) + one.summary.increase
    }
    return sum
  }

  /// The increase per second of each series over the time that its samples cover, summed up over the series.
  var rate: Double? {
    var sum: Double?
    for one in series {
      let start = one.before ?? one.summary.first
      let seconds = Double(one.summary.last.timeNs.saturatingSubtracting(start.timeNs)) / 1e9
      guard seconds > 0 else { continue }
      let step = one.before.map { SeriesSummary.step(from: $0, to: one.summary.first) } ?? 0
      sum = (sum ?? 0) + (step + one.summary.increase) / seconds
    }
    return sum
  }

  /// The average weighted with how long each value held within `span`, from the first one known on.
  func timeAverage(_ span: Range<Int64>) -> Double? {
    var area = 0.0
    var seconds = 0.0
    for one in series {
      var startNs = one.summary.first.timeNs
      if let before = one.before {
        startNs = span.lowerBound
        let held = Sample(timeNs: startNs, value: before.value)
        area += SeriesSummary.area(of: held, untilNs: one.summary.first.timeNs)
      }
      area += one.summary.integral
      let endNs = max(span.upperBound, one.summary.last.timeNs)
      area += SeriesSummary.area(of: one.summary.last, untilNs: endNs)
      seconds += Double(endNs.saturatingSubtracting(startNs)) / 1e9
    }
    return seconds > 0 ? area / seconds : series.first?.summary.last.value
  }
}
