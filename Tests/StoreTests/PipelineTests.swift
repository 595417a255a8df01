import Foundation
import Model
import Synchronization
import Testing
import Threads

@testable import Store

/// Batches on their way: by the program's workers, in the order of their source.
@Suite struct PipelineTests {
  let directory = TemporaryDirectory()

  private static func event(_ source: Int, _ n: Int) -> String {
    "{\"ts\":\(1_717_200_000 + n),\"source\":\(source),\"n\":\(n)}"
  }

  /// Several sources at once, from threads of their own: each source's events are in its order, and the threads of the
  /// program do not grow with the sources.
  @Test func manySourcesShareTheWorkers() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append([Self.event(0, 0)], to: "s")
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 12) { source in
      do {
        var next = 1
        let summary = try store.ingest(into: "s", source: "source \(source)") {
          guard next <= 300 else { return nil }
          let batch = DocumentBatch(of: (next..<next + 10).map { Self.event(source, $0) })
          next += 10
          return { batch }
        }
        if summary.accepted != 300 { failures.withLock { $0.append("\(summary)") } }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    var last: [String: Int] = [:]
    try store.forEachEvent(of: "s") { event in
      let fields = try #require(
        try JSONSerialization.jsonObject(with: Data(event.bytes)) as? [String: Any])
      let n = try #require(fields["n"] as? Int)
      if event.source != "program" {
        #expect(n == last[event.source, default: 0] + 1)
        last[event.source] = n
      }
      return true
    }
    #expect(last.count == 12 && last.values.allSatisfy { $0 == 300 })
    #expect(try store.check().isSound)
  }

  @Test func anAppendTellsWhenItIsDurable() throws {
    let store = try Store(directory: directory.path)
    let done = DispatchSemaphore(value: 0)
    let results = Mutex<[Int]>([])
    for n in 0..<20 {
      try store.append(DocumentBatch(of: [Self.event(1, n)]), to: "s", source: "s") { result in
        results.withLock { $0.append((try? result.get().firstSeq).map { Int($0 ?? 0) } ?? -1) }
        done.signal()
      }
    }
    for _ in 0..<20 { #expect(done.wait(timeout: .now() + 60) == .success) }
    #expect(results.withLock { $0 } == Array(2...21))
    store.close()
    // What is closed says so, to whoever asks now.
    #expect(throws: (any Error).self) {
      try store.append(DocumentBatch(of: [Self.event(1, 99)]), to: "s", source: "s") { _ in }
    }
  }
}
