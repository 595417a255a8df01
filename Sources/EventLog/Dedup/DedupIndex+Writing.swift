import Bytes
import LMDB

extension DedupIndex {
  /// A third run of a partition leads to a merge.
  private static let maxRuns = 2
  /// Output pages that a commit writes of a merge under way: more than a commit brings, so that merges
  /// end, and few enough for the memory of a transaction.
  private static let pagesPerStep = 16

  /// Writes `entries` as new runs, one for each partition. O(entries).
  mutating func add(
    _ entries: [IdEntry], streamId: UInt32, _ transaction: inout WriteTransaction
  ) throws {
    var rest = entries
    while let partition = rest.first?.partition {
      // Mostly all are of one partition.
      var sorted = rest.filter { $0.partition == partition }
      if sorted.count < rest.count {
        rest.removeAll { $0.partition == partition }
      } else {
        rest = []
      }
      sorted.sortByHash()
      var minSeq = UInt64.max
      var maxSeq = UInt64.min
      for entry in sorted {
        minSeq = min(minSeq, entry.seq)
        maxSeq = max(maxSeq, entry.seq)
      }
      let run = makeRun(
        streamId: streamId, partition: partition, entryCount: sorted.count, minSeq: minSeq,
        maxSeq: maxSeq)
      let layout = run.layout
      var start = 0
      for page in 0..<layout.pageCount {
        var end = start
        while end < sorted.count, layout.page(sorted[end].hash) == page { end += 1 }
        let bytes = IdRunPage.encode(sorted[start..<end], layout, baseSeq: run.minSeq)
        try transaction.put(table, run.pageKey(page), bytes)
        start = end
      }
      try transaction.put(table, run.key, run.encoded)
      add(run)
    }
  }

  /// Goes on with the merge under way, or begins one where a partition has many runs. Bounded work.
  mutating func step(_ transaction: inout WriteTransaction) throws {
    if merge == nil { merge = nextMerge() }
    guard var current = merge else { return }
    try current.write(pages: Self.pagesPerStep, of: self, &transaction)
    if !current.isComplete {
      merge = current
      return
    }
    merge = nil
    try transaction.put(table, current.output.key, current.output.encoded)
    add(current.output)
    for run in current.inputs {
      try transaction.deleteRange(table, from: run.key, to: run.key.endOfPrefix)
      remove(run)
    }
  }

  private mutating func nextMerge() -> RunMerge? {
    for streamRuns in runs.values {
      for known in Dictionary(grouping: streamRuns, by: \.partition).values
      where known.count > Self.maxRuns {
        let inputs = Self.mergeable(known)
        guard inputs.count > 1 else { continue }
        let output = makeRun(
          streamId: inputs[0].streamId, partition: inputs[0].partition,
          entryCount: inputs.reduce(0) { $0 + $1.entryCount },
          minSeq: inputs.reduce(.max) { min($0, $1.minSeq) },
          maxSeq: inputs.reduce(0) { max($0, $1.maxSeq) })
        return RunMerge(inputs: inputs, output: output)
      }
    }
    return nil
  }

  /// The smallest runs, as long as the next is not much larger than all before it: each entry is then
  /// rewritten a logarithmic number of times.
  private static func mergeable(_ known: [IdRun]) -> [IdRun] {
    var merged: [IdRun] = []
    var total = 0
    for run in known.sorted(by: { $0.entryCount < $1.entryCount }) {
      if merged.count > 1 && run.entryCount > 2 * total { break }
      merged.append(run)
      total += run.entryCount
    }
    return merged
  }
}

/// Several runs of a partition becoming one, a few pages at a time. The inputs stay in use until the output
/// is complete.
struct RunMerge {
  let inputs: [IdRun]
  let output: IdRun
  private(set) var nextPage = 0

  init(inputs: [IdRun], output: IdRun) {
    self.inputs = inputs
    self.output = output
  }

  var isComplete: Bool { nextPage == output.layout.pageCount }

  mutating func write(
    pages: Int, of index: DedupIndex, _ transaction: inout WriteTransaction
  ) throws {
    let layout = output.layout
    for number in nextPage..<min(nextPage + pages, layout.pageCount) {
      let hashes = layout.hashes(ofPage: number)
      var entries: [IdEntry] = []
      for run in inputs {
        // An input has at most as many pages as the output, so a page of it covers this one.
        let inputPage = run.layout.page(hashes.lowerBound)
        let page = try index.page(inputPage, of: run, transaction.reading)
        var input: [IdEntry] = []
        page.append(hashes, page: inputPage, partition: run.partition, to: &input)
        entries = entries.merged(with: input)
      }
      let bytes = IdRunPage.encode(entries[...], layout, baseSeq: output.minSeq)
      try transaction.put(index.table, output.pageKey(number), bytes)
    }
    nextPage = min(nextPage + pages, layout.pageCount)
  }
}
