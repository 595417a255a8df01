import Bytes
import Model

/// All samples of a cell's series: a late one changes what its neighbours add up to, so none can be left out.
struct SeriesSamples: Sendable, Equatable {
  /// By name.
  private(set) var series: [Series] = []

  /// Adds what a block has for a cell, in the order of the log; calls `changed` with the name of each series that has
  /// another last sample now, and whether the series is new.
  /// O(samples) when they are the latest ones of known series; else some O(log samples) for each, and O(series).
  mutating func add(
    _ runs: SeriesRuns, ofCell cell: Int, changed: (_ name: [UInt8], _ isNew: Bool) -> Void
  ) {
    var added: [Series] = []
    for index in runs.series(ofCell: cell) {
      let name = runs.name(index)
      let place = place(of: name)
      if place < series.count, series[place].name == name {
        if series[place].add(runs, index) { changed(name, false) }
      } else {
        var one = Series(name)
        _ = one.add(runs, index)
        added.append(one)
        changed(name, true)
      }
    }
    if !added.isEmpty { insert(added) }
  }

  private mutating func insert(_ added: [Series]) {
    var all: [Series] = []
    all.reserveCapacity(series.count + added.count)
    var next = 0
    for one in added.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
      while next < series.count, series[next].name.lexicographicallyPrecedes(one.name) {
        all.append(series[next])
        next += 1
      }
      all.append(one)
    }
    all.append(contentsOf: series[next...])
    series = all
  }

  /// O(log series).
  func contains(_ name: [UInt8]) -> Bool {
    let place = place(of: name)
    return place < series.count && series[place].name == name
  }

  private func place(of name: [UInt8]) -> Int {
    var (low, high) = (0, series.count)
    while low < high {
      let middle = (low + high) / 2
      if series[middle].name.lexicographicallyPrecedes(name) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /// What it takes in memory beside itself. O(series).
  var byteCount: Int { series.reduce(0) { $0 + $1.byteCount } }

  func encode(into bytes: inout [UInt8]) {
    bytes.append(varint: UInt64(series.count))
    for one in series {
      bytes.append(sized: one.name)
      one.encode(into: &bytes)
    }
  }

  init() {}

  init(_ reader: inout ByteReader) throws(MalformedBytes) {
    for _ in 0..<(try reader.count()) {
      let name = try reader.array(byteCount: try reader.count())
      series.append(try Series(name, &reader))
    }
  }
}

extension SeriesSamples {
  struct Series: Sendable {
    let name: [UInt8]
    /// By time; those of one time in the order of the log.
    private var ordered = PackedSamples()
    /// What came later than samples of later times, in the order of the log. It is put in its place when there is enough
    /// of it, so that samples out of order cost no move of all that follow for each.
    private var late: [Sample] = []

    private static let minLate = 64

    /// Without samples.
    fileprivate init(_ name: [UInt8]) { self.name = name }

    fileprivate var byteCount: Int {
      MemoryLayout<Series>.stride + name.capacity
        + ordered.byteCount + late.capacity * MemoryLayout<Sample>.stride
    }

    /// The latest one.
    var last: Sample? { ordered.last }

    /// All, by time; those of one time in the order of the log. O(samples) when some are late.
    var samples: [Sample] {
      if late.isEmpty { return ordered.samples }
      return settled
    }

    /// Adds the samples of one of the series of `runs`; whether there is another last one now.
    fileprivate mutating func add(_ runs: SeriesRuns, _ index: Int) -> Bool {
      let before = ordered.count
      runs.forEachSample(index) { sample in
        if let last = ordered.last, sample.timeNs < last.timeNs {
          late.append(sample)
        } else {
          ordered.append(sample)
        }
      }
      let hasOtherLast = ordered.count > before
      if late.count > max(Self.minLate, ordered.count / 4) { settle() }
      return hasOtherLast
    }

    private mutating func settle() { (ordered, late) = (PackedSamples(settled), []) }

    /// All, those that are late in their places. O(samples + late ones log late ones).
    private var settled: [Sample] {
      let sorted = late.enumerated().sorted {
        ($0.element.timeNs, $0.offset) < ($1.element.timeNs, $1.offset)
      }
      let before = ordered.samples
      var merged: [Sample] = []
      merged.reserveCapacity(before.count + late.count)
      var next = 0
      for (_, sample) in sorted {
        // Of one time the late one came last.
        while next < before.count, before[next].timeNs <= sample.timeNs {
          merged.append(before[next])
          next += 1
        }
        merged.append(sample)
      }
      merged.append(contentsOf: before[next...])
      return merged
    }
  }
}

extension SeriesSamples.Series: Equatable {
  static func == (left: SeriesSamples.Series, right: SeriesSamples.Series) -> Bool {
    left.name == right.name && left.samples == right.samples
  }
}

// MARK: On disk: docs/formats/cells.md

extension SeriesSamples.Series {
  fileprivate func encode(into bytes: inout [UInt8]) {
    if late.isEmpty {
      ordered.encode(into: &bytes)
    } else {
      PackedSamples(settled).encode(into: &bytes)
    }
  }

  fileprivate init(_ name: [UInt8], _ reader: inout ByteReader) throws(MalformedBytes) {
    self.name = name
    ordered = try PackedSamples(&reader)
  }
}
