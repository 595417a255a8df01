import Bytes
import LMDB

extension DedupIndex {
  /// A third run of a partition leads to a merge.
  private static let maxRuns = 2
  /// Output pages that a commit writes of a merge under way: more than a commit brings, so that merges
  /// end, and few enough for the memory of a transaction.
  private static let pagesPerStep = 6
  /// Values that a commit deletes, for each of its batches, of runs that are no longer in use: each brings its place in the file into
  /// memory.
  private static let deletionsPerStep = 24

  /// The entries of each partition, in the order in which they first occur. O(n).
  private static func byPartition(_ entries: [IdEntry]) -> [(partition: Int64, entries: [IdEntry])]
  {
    guard let first = entries.first?.partition else { return [] }
    // Mostly all are of one partition.
    if entries.allSatisfy({ $0.partition == first }) { return [(first, entries)] }
    var places: [Int64: Int] = [:]
    var parts: [(partition: Int64, entries: [IdEntry])] = []
    for entry in entries {
      if let place = places[entry.partition] {
        parts[place].entries.append(entry)
      } else {
        places[entry.partition] = parts.count
        parts.append((entry.partition, [entry]))
      }
    }
    return parts
  }

  /// Writes `entries` as new runs, one for each partition. O(entries).
  mutating func add(
    _ entries: [IdEntry], streamId: UInt32, _ transaction: inout WriteTransaction
  ) throws {
    for (partition, entries) in Self.byPartition(entries) {
      var sorted = entries
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
      var pages: [ArraySlice<IdEntry>] = []
      var start = 0
      for page in 0..<run.layout.pageCount {
        var end = start
        while end < sorted.count, run.layout.page(sorted[end].hash) == page { end += 1 }
        pages.append(sorted[start..<end])
        start = end
      }
      try Self.write(pages, from: 0, of: run, table, &transaction)
      try transaction.put(table, run.key, run.encoded)
      add(run)
    }
  }

  /// Writes neighbouring pages of `run`: first all filters, then all details.
  static func write(
    _ pages: [ArraySlice<IdEntry>], from first: Int, of run: IdRun, _ table: Table,
    _ transaction: inout WriteTransaction
  ) throws {
    for (index, entries) in pages.enumerated() {
      try transaction.put(
        table, run.filterKey(first + index), IdPageFilter.encode(entries, run.layout))
    }
    for (index, entries) in pages.enumerated() {
      try transaction.put(
        table, run.detailKey(first + index),
        IdPageDetail.encode(entries, run.layout, baseSeq: run.minSeq))
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
      try transaction.delete(table, run.key)
      remove(run)
      leftovers.append(run.key)
    }
  }

  /// Deletes some of what commits before this one have replaced, for a group of `batches`. To be called before
  /// anything else of the commit.
  mutating func deleteLeftovers(
    batches: Int, _ transaction: inout WriteTransaction
  ) throws {
    var budget = Self.deletionsPerStep * batches
    while budget > 0, let key = leftovers.first {
      let count = try transaction.deleteRange(
        table, from: key, to: key.endOfPrefix, limit: budget)
      if count < budget { leftovers.removeFirst() }
      budget -= count
    }
  }

  /// Forgets all runs of a stream, whose ids are to be indexed anew.
  mutating func removeRuns(ofStream id: UInt32, _ transaction: inout WriteTransaction) throws {
    if let current = merge, current.output.streamId == id {
      leftovers.append(current.output.key)
      merge = nil
    }
    for run in runs[id] ?? [] {
      try transaction.delete(table, run.key)
      remove(run)
      leftovers.append(run.key)
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
    let numbers = nextPage..<min(nextPage + pages, layout.pageCount)
    var written: [ArraySlice<IdEntry>] = []
    for number in numbers {
      let hashes = layout.hashes(ofPage: number)
      var entries: [IdEntry] = []
      for run in inputs {
        // An input has at most as many pages as the output, so a page of it covers this one.
        let page = run.layout.page(hashes.lowerBound)
        let filter = try index.filter(page, of: run, transaction.reading)
        let detail = try index.detail(page, of: run, count: filter.count, transaction.reading)
        var input: [IdEntry] = []
        filter.append(hashes, page: page, partition: run.partition, detail, to: &input)
        entries = entries.merged(with: input)
      }
      written.append(entries[...])
    }
    try DedupIndex.write(
      written, from: nextPage, of: output, index.table, &transaction)
    nextPage = numbers.upperBound
  }
}
