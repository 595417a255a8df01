import KafkaClient
import Model
import Store
import Threads

/// Batches on their way to the disk, what has come of them, and the letters of those that are no events.
extension KafkaConsumption {
  func handOver(_ isWanted: (Int, PartitionIntake) -> Bool) {
    for place in intakes.indices
    where !intakes[place].isOnItsWay && !intakes[place].isDone && isWanted(place, intakes[place]) {
      handOver(place)
    }
  }

  /// The largest batches of those partitions go to workers that have nothing else to do, also where they could still grow.
  func keepWorkersBusy(with leastWeight: Int, where isWanted: (Int) -> Bool) {
    var free = WorkerPool.shared.threadCount + 1 - intakes.count(where: \.isOnItsWay)
    while free > 0 {
      let fullest = intakes.indices.filter(isWanted).max {
        intakes[$0].weight < intakes[$1].weight
      }
      guard let fullest, intakes[fullest].weight >= leastWeight else { return }
      handOver(fullest)
      free -= 1
    }
  }

  /// Smaller batches wait for more, or for their time, so that blocks are not too small.
  static let leastWeight = 2 << 20

  func handOver(_ place: Int) {
    let source = source(of: intakes[place])
    var flight = intakes[place].handOver()
    let progress = SourceProgress(
      source: settings.progressKey(intakes[place].partition), position: flight.position.text)
    // Within one commit where one stream takes all; else each stream knows how far it has got, and the position follows.
    if flight.batches.count == 1 { flight.batches[0].documents.progress = progress }
    let landing = landings.expect(place, flight, progress)
    let batches = flight.batches
    do {
      for batch in batches {
        try expected[expectedKey(intakes[place].partition)]?.announce(
          to: batch.stream, options: batch.options, in: store, before: batch.documents, of: source)
      }
      try WorkerPool.shared.submit(.ingest) { [store] in
        Self.append(batches, to: store, from: source, landing)
      }
    } catch {
      landing.giveUp(batches.count, error)
    }
  }

  /// Work for a worker: those of one partition in order, which is one at a time.
  static func append(
    _ batches: [PartitionIntake.StreamBatch], to store: Store, from source: String,
    _ landing: Landing
  ) {
    for (number, batch) in batches.enumerated() {
      do {
        try store.append(
          batch.documents, to: batch.stream, options: batch.options, source: source,
          actor: "kafka", whenDurable: { landing.land($0) })
      } catch {
        return landing.giveUp(batches.count - number, error)
      }
    }
  }

  /// Takes note of what is durable, or throws why it is not.
  func land(waiting: Bool) throws {
    var failure: (any Error)?
    for landed in landings.take(waiting: waiting) {
      let result: AppendResult
      do {
        result = try landed.result.get()
        if landed.batchCount != 1 { try store.setProgress(landed.progress) }
      } catch {
        // It is not durable: who begins anew reads it again.
        intakes[landed.place].landed(at: intakes[landed.place].durable)
        failure = failure ?? error
        continue
      }
      intakes[landed.place].landed(at: landed.position)
      count(result)
      // It is durable whatever becomes of its letters: who begins anew owes them.
      do {
        try sendLetters(result.rejected.map { ($0.position, $0.reason) }, of: landed.place)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// Puts what was rejected of a batch that has landed into its topic, and what is owed before its end.
  private func sendLetters(_ rejected: [(offset: Int64, reason: String)], of place: Int) throws {
    guard let deadLetters else { return }
    let (partition, end) = (intakes[place].partition, intakes[place].durable.next)
    let hasSent = try deadLetters.send(rejected, of: place, partition, before: end)
    intakes[place].lettersAreIn()
    // Else the next batch notes it.
    if hasSent { try noteLetters(of: place) }
  }

  /// Puts in what was owed when the session began, once it has been read again, and before anything new is taken.
  func sendOwed(_ place: Int) throws {
    guard deadLetters?.owes(place, before: intakes[place].durable.next) == true else { return }
    try sendLetters([], of: place)
  }

  private func noteLetters(of place: Int) throws {
    try store.setProgress(
      SourceProgress(
        source: settings.progressKey(intakes[place].partition),
        position: intakes[place].durable.text))
  }

  func count(_ result: AppendResult) {
    let empty = intakes.reduce(0) { $0 + $1.emptyCount }
    hooks.count(
      events: result.accepted + result.duplicates.count + result.rejected.count,
      rejected: result.rejected.count, empty: empty - emptyCounted)
    emptyCounted = empty
    hooks.succeed()
  }

  /// Waits until nothing is on its way, and tells the group.
  func landAll(_ consumer: KafkaConsumer) throws {
    while intakes.contains(where: \.isOnItsWay) { try land(waiting: true) }
    if deadLetters != nil { for place in intakes.indices { try noteLetters(of: place) } }
    tellGroup(consumer)
  }

  func tellGroup(_ consumer: KafkaConsumer) {
    consumer.commit(intakes.map { ($0.partition, $0.durable.next) }, note: others?.mark ?? "")
    others?.told()
  }
}
