import Asking

/// The samples of counters and levels, to find those that rows begin at: of each series that a row has samples of, the
/// last one before it.
struct EarlierSamples {
  struct Series: Hashable, Sendable {
    /// The aggregate, by its place: each has a filter of its own.
    var part: Int
    var group: [UInt8]
    /// The label at the stream's key; empty for none as well.
    var name: [UInt8]
  }

  struct Sample: Sendable {
    var timeNs: Int64
    var seq: UInt64
  }

  private let maxBytes: Int
  private var bytes = 0
  private var samples: [Series: [Sample]] = [:]

  init(maxBytes: Int) { self.maxBytes = maxBytes }

  mutating func add(_ others: [Series: [Sample]]) throws(ContributionLimitError) {
    for (series, more) in others {
      bytes += more.count * MemoryLayout<Sample>.stride
      samples[series, default: []] += more
    }
    if bytes > maxBytes { throw ContributionLimitError(maxBytes: maxBytes) }
  }

  /// O(samples log samples + rows log samples).
  func contributions(_ index: RowsByGroup) -> ContributionBatch {
    struct Pair: Hashable {
      var row: Int32
      var seq: UInt64
    }
    var found = ContributionBatch()
    // Two aggregates of one field begin at the same sample.
    var known: Set<Pair> = []
    for (series, unsorted) in samples {
      guard let rows = index.rows(of: series.group) else { continue }
      let samples = unsorted.sorted { ($0.timeNs, $0.seq) < ($1.timeNs, $1.seq) }
      for (number, times) in zip(rows.numbers, rows.times) {
        var (low, high) = (0, samples.count)
        while low < high {
          let middle = (low + high) / 2
          if samples[middle].timeNs < times.lowerBound { low = middle + 1 } else { high = middle }
        }
        guard low > 0, low < samples.count, samples[low].timeNs < times.upperBound else { continue }
        let seq = samples[low - 1].seq
        if known.insert(Pair(row: number, seq: seq)).inserted { found.add(number, seq) }
      }
    }
    return found
  }
}

/// What rows were computed from takes more memory than a query may.
public struct ContributionLimitError: Error, Equatable, CustomStringConvertible {
  public var maxBytes: Int
  public var description: String {
    "more than \(maxBytes) bytes of samples before the rows; ask for fewer groups or an earlier end"
  }
}
