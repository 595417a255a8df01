import Model
import Store
import TestSupport
import Testing

/// Several requests that are appended as one batch.
@Suite struct SharedBatchTests {
  /// Documents of a request: good ones, repeated ones, late ones, some that are no events, and some that were refused ahead.
  private static func request(_ random: inout TestSupport.SeededGenerator) -> DocumentBatch {
    let documents = (0..<random.below(6)).map { _ in
      if random.oneIn(6) { return random.pick(["7", "{", #"{"event_id":"x"}"#]) }
      let hours = random.below(48)
      return
        #"{"event_id":"e\#(random.below(40))","ts":\#(1_717_200_000 + 3_600 * hours),"v":\#(random.below(9))}"#
    }
    var batch = DocumentBatch(of: documents)
    for _ in 0..<(random.oneIn(4) ? random.below(3) : 0) {
      batch.refused.append(
        RefusedDocument(position: Int64(random.below(9)), reason: "too large", head: [0x7B]))
    }
    return batch
  }

  /// Each request is told the same as if it had come alone, and the events are the same.
  @Test func eachRequestIsToldWhatBecameOfItsOwnDocuments() {
    rounds(40) { random in
      let directories = (TemporaryDirectory(), TemporaryDirectory())
      let (alone, shared) = (
        try Store(directory: directories.0.path), try Store(directory: directories.1.path)
      )
      defer {
        alone.close()
        shared.close()
      }
      for store in [alone, shared] {
        _ = try store.append([#"{"event_id":"first","ts":1717200000,"v":1}"#], to: "s")
      }
      for _ in 0..<4 {
        var batch = DocumentBatch(bytes: [], documents: [], endPosition: 0)
        var shares: [RequestShare] = []
        var wanted: [RequestOutcome] = []
        for _ in 0..<random.within(1...8) {
          let request = Self.request(&random)
          var outcome = RequestOutcome()
          outcome.add(try alone.append(request, to: "s", source: "http"))
          wanted.append(outcome)
          let start = UInt32(batch.bytes.count)
          batch.bytes += request.bytes
          batch.documents += request.documents.map {
            DocumentRange(
              start: start + $0.start, byteCount: $0.byteCount, position: $0.position)
          }
          batch.refused += request.refused
          shares.append(
            RequestShare(
              documentCount: request.documents.count + request.refused.count,
              refusedCount: request.refused.count, byteCount: request.bytes.count))
        }
        let result = try shared.append(batch, to: "s", source: "http")
        try checkEqual(RequestOutcome.outcomes(result, of: shares), wanted, "outcomes")
      }
      try checkEqual(
        try shared.documents(of: "s"), try alone.documents(of: "s"), "events")
      try checkEqual(
        try shared.ledger(.rejected).map(\.position).sorted { ($0 ?? 0) < ($1 ?? 0) },
        try alone.ledger(.rejected).map(\.position).sorted { ($0 ?? 0) < ($1 ?? 0) },
        "positions of rejected documents")
    }
  }
}
