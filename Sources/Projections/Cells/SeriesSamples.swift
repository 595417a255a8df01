import Bytes
import EventLog

/// A reading of a counter or gauge.
struct Sample: Sendable, Equatable {
  var timeNs: Int64
  var value: Double
}

/// The samples of one series that a block adds to one cell, in the order of the log.
struct SeriesRun: Sendable {
  var name: [UInt8]
  var samples: [Sample]

  /// For each cell its series. A series is what one value of `labels` tells apart: one device. O(facts log facts).
  static func runs(
    _ values: [Double], _ times: [Int64], _ runs: FactRuns, _ labels: FactLabels?
  ) -> [[SeriesRun]] {
    (0..<runs.cellCount).map { cell in
      // Sorted by label, and then by place.
      let places = runs.range(cell).map { index in
        let fact = Int(runs.facts[index])
        let code = labels.map { $0.codes.isEmpty ? -1 : $0.codes[fact] } ?? -1
        return UInt64(code + 1) << 32 | UInt64(fact)
      }.sorted()
      var found: [SeriesRun] = []
      var last = UInt64.max
      for place in places {
        let code = place >> 32
        if code != last {
          let name = code == 0 ? [] : labels?.names[Int(code) - 1] ?? []
          found.append(SeriesRun(name: name, samples: []))
          last = code
        }
        let fact = Int(place & 0xFFFF_FFFF)
        found[found.count - 1].samples.append(Sample(timeNs: times[fact], value: values[fact]))
      }
      return found
    }
  }
}

/// All samples of a cell's series: a late one changes what its neighbours add up to, so none can be left out.
struct SeriesSamples: Sendable, Equatable {
  struct Series: Sendable, Equatable {
    var name: [UInt8]
    /// By time; those of one time in the order of the log.
    var samples: [Sample]
  }

  /// By name.
  private(set) var series: [Series] = []

  /// Adds samples in the order of the log; gives whether the series is a new one. O(samples) when they are the latest,
  /// else O(samples of the series) for each.
  mutating func add(_ run: SeriesRun) -> Bool {
    let place = place(of: run.name)
    let isNew = place == series.count || series[place].name != run.name
    if isNew { series.insert(Series(name: run.name, samples: []), at: place) }
    for sample in run.samples { series[place].insert(sample) }
    return isNew
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
      series.append(Series(name: name, samples: try Series.samples(&reader)))
    }
  }
}

extension SeriesSamples.Series {
  fileprivate mutating func insert(_ sample: Sample) {
    guard let last = samples.last, sample.timeNs < last.timeNs else {
      return samples.append(sample)
    }
    var (low, high) = (0, samples.count)
    while low < high {
      let middle = (low + high) / 2
      if samples[middle].timeNs <= sample.timeNs { low = middle + 1 } else { high = middle }
    }
    samples.insert(sample, at: low)
  }

  /// Whether all values are integers that a double holds exactly.
  private var isWhole: Bool {
    samples.allSatisfy {
      $0.value.magnitude < 0x1p53 && $0.value == $0.value.rounded()
        && !($0.value == 0 && $0.value.sign == .minus)
    }
  }

  fileprivate func encode(into bytes: inout [UInt8]) {
    let isWhole = isWhole
    bytes.append(varint: UInt64(samples.count))
    bytes.append(isWhole ? 1 : 0)
    var before = Sample(timeNs: 0, value: 0)
    for (index, sample) in samples.enumerated() {
      if index == 0 {
        bytes.append(signedVarint: sample.timeNs)
      } else {
        bytes.append(varint: UInt64(bitPattern: sample.timeNs &- before.timeNs))
      }
      if isWhole {
        bytes.append(signedVarint: Int64(sample.value) - Int64(before.value))
      } else {
        bytes.append(littleEndian: sample.value.bitPattern)
      }
      before = sample
    }
  }

  fileprivate static func samples(_ reader: inout ByteReader) throws(MalformedBytes) -> [Sample] {
    let count = try reader.count()
    guard count > 0 else { throw MalformedBytes(offset: reader.offset) }
    let isWhole = try reader.integer(UInt8.self) == 1
    var samples: [Sample] = []
    samples.reserveCapacity(count)
    var timeNs: Int64 = 0
    var whole: Int64 = 0
    for index in 0..<count {
      timeNs =
        index == 0
        ? try reader.signedVarint() : timeNs &+ Int64(bitPattern: try reader.varint())
      if isWhole {
        whole &+= try reader.signedVarint()
        samples.append(Sample(timeNs: timeNs, value: Double(whole)))
      } else {
        let bits = try reader.integer(UInt64.self)
        samples.append(Sample(timeNs: timeNs, value: Double(bitPattern: bits)))
      }
    }
    return samples
  }
}
