import EventLog
import Foundation
import Model
import Testing

@testable import Store

/// What is kept of sources: their closings, and what connectors go on from.
@Suite struct SourceTests {
  let directory = TemporaryDirectory()

  private func batch(
    _ documents: [String], progress: SourceProgress? = nil
  ) -> DocumentBatch {
    var batch = DocumentBatch(of: documents)
    batch.progress = progress
    return batch
  }

  private func position(_ text: String) -> SourceProgress {
    SourceProgress(source: "topic/0", position: [UInt8](text.utf8))
  }

  @Test func progressIsCommittedWithTheEvents() throws {
    var store = try Store(directory: directory.path)
    #expect(try store.progress(of: "topic/0") == nil)
    let event = #"{"timestamp":"2024-06-01T00:00:00Z","event_id":"a"}"#
    _ = try store.append(
      batch([event], progress: position("offset 1")), to: "s", source: "topic/0")
    #expect(try store.progress(of: "topic/0")?.progress == position("offset 1"))
    // Where nothing is new, and where nothing is an event.
    let repeated = try store.append(
      batch([event], progress: position("offset 2")), to: "s", source: "topic/0")
    #expect(repeated.accepted == 0 && repeated.duplicates.count == 1)
    #expect(try store.progress(of: "topic/0")?.progress == position("offset 2"))
    let refused = try store.append(
      batch(["7"], progress: position("offset 3")), to: "other", source: "topic/0")
    #expect(refused.rejected.count == 1)
    #expect(try store.progress(of: "topic/0")?.progress == position("offset 3"))
    // A batch that says nothing leaves it as it is.
    _ = try store.append(batch([event]), to: "s", source: "topic/0")
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try store.progress(of: "topic/0")?.progress == position("offset 3"))
    #expect(try store.progress(of: "topic/1") == nil)
    try store.setProgress(position("offset 0"))
    #expect(try store.progress(of: "topic/0")?.progress == position("offset 0"))
    #expect(try store.check().isSound)
  }

  @Test func progressThatIsTooLongStopsItsBatch() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let long = SourceProgress(
      source: "s", position: Array(repeating: 1, count: Limits.maxProgressBytes + 1))
    #expect(throws: ProgressError.self) {
      try store.setProgress(long)
    }
    #expect(throws: ProgressError.self) {
      try store.append(
        batch([#"{"timestamp":1717200000}"#], progress: long), to: "s", source: "s")
    }
    #expect(try store.append([#"{"timestamp":1717200000}"#], to: "s").accepted == 1)
    #expect(try store.documents(of: "s").count == 1)
  }

  /// A batch of many blocks has its progress with the last of them.
  @Test func progressComesWithTheLastBlock() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let documents = (0...Limits.maxBlockEvents).map { "{\"timestamp\":\(1_717_200_000 + $0)}" }
    let result = try store.append(
      batch(documents, progress: position("end")), to: "s", source: "topic/0")
    #expect(result.accepted == documents.count)
    #expect(try store.progress(of: "topic/0")?.progress == position("end"))
  }

  /// Sources that have ended are in no one's way: neither in the catalogue nor in memory.
  @Test func closingsAreAStreamOfTheirOwn() throws {
    var store = try Store(directory: directory.path)
    for number in 0..<50 {
      _ = try store.append(
        ["{\"timestamp\":\(1_717_200_000 + number)}"], to: "s", source: "file \(number)")
      try store.closeSources(["file \(number)"], of: "s")
    }
    #expect(try store.documents(of: "_catalogue").count == 1)
    #expect(try store.documents(of: "_sources").count == 50)
    let watermark = try #require(try store.statistics().streams.first?.watermarkNs)
    #expect(watermark == 1_717_200_049_000_000_000)
    store.close()
    store = try Store(directory: directory.path)
    defer { store.close() }
    #expect(try store.statistics().streams.first?.watermarkNs == watermark)
    #expect(try store.statistics().streams.first?.sources.allSatisfy(\.state.isClosed) == true)
    // The watermark of an earlier state follows from them.
    let seq = try store.statistics().lastSeq
    let state = try store.projections.state(ofStream: "s", asOf: seq)
    #expect(state.watermarkNs == watermark)
    // One that was closed is waited for again when it brings something.
    _ = try store.append([#"{"timestamp":1717200010}"#], to: "s", source: "file 3")
    let sources = try #require(try store.statistics().streams.first?.sources)
    #expect(sources.count == 50)
    #expect(sources.filter { !$0.state.isClosed }.map(\.name) == ["file 3"])
    #expect(try store.check().isSound)
  }
}
