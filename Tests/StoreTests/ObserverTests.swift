import EventLog
import Foundation
import Synchronization
import Testing

@testable import Store

/// Those who are told what was committed.
@Suite struct ObserverTests {
  let directory = TemporaryDirectory()

  private struct Failure: Error {}

  /// Notes what it is told; fails while it is told to, and can be slow.
  private final class Witness: CommitObserver {
    let name: String
    private let state = Mutex<(seqs: [UInt64], streams: Set<String>, fails: Bool)>(([], [], false))
    private let gate: DispatchSemaphore?

    init(_ name: String, gate: DispatchSemaphore? = nil) { (self.name, self.gate) = (name, gate) }

    var seqs: [UInt64] { state.withLock { $0.seqs } }
    var streams: Set<String> { state.withLock { $0.streams } }
    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }

    func didCommit(_ seqs: ClosedRange<UInt64>, streams: Set<String>) throws {
      gate?.wait()
      try state.withLock { state in
        if state.fails { throw Failure() }
        state.seqs += Array(seqs)
        state.streams.formUnion(streams)
      }
    }
  }

  private func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<3_000 {
      if try condition() { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  private func add(_ n: Int, _ store: Store, to stream: String = "s") throws {
    _ = try store.append(["{\"ts\":\(1_717_200_000 + n)}"], to: stream)
  }

  @Test func eachEventIsToldOnceAndThoseOfBeforeToo() throws {
    var store = try Store(directory: directory.path)
    try add(1, store)
    let witness = Witness("proofs")
    try store.log.add(witness)
    try add(2, store)
    try add(3, store, to: "t")
    let last = try store.statistics().lastSeq
    #expect(eventually { witness.seqs.last == last })
    #expect(witness.seqs == Array(1...last))
    #expect(witness.streams == ["_catalogue", "s", "t"])
    store.close()

    // One that was down catches up, and is told nothing twice after an orderly end.
    store = try Store(directory: directory.path)
    defer { store.close() }
    try add(4, store)
    #expect(try store.observerStates().map(\.lag) == [1])
    let again = Witness("proofs")
    try store.log.add(again)
    #expect(eventually { again.seqs == [last + 1] })
    #expect(try store.check().isSound)
    // Two of one name would move one position, and one that runs would write it again.
    #expect(throws: ObserverRunsError(name: "proofs")) { try store.log.add(Witness("proofs")) }
    #expect(throws: ObserverRunsError(name: "proofs")) { try store.log.removeObserver("proofs") }
    store.close()
    store = try Store(directory: directory.path)
    try store.log.removeObserver("proofs")
    #expect(try store.observerStates().isEmpty)
  }

  /// One that fails, or does not come back, holds up no commit; how far behind it is can be seen.
  @Test func commitsDoNotWait() throws {
    let store = try Store(directory: directory.path)
    let gate = DispatchSemaphore(value: 0)
    let (slow, failing) = (Witness("slow", gate: gate), Witness("failing"))
    failing.fail(true)
    try store.log.add(slow)
    try store.log.add(failing)
    for n in 1...20 { try add(n, store) }
    let last = try store.statistics().lastSeq
    let failed = try eventually {
      try store.observerStates().first { $0.name == "failing" }?.failure != nil
    }
    #expect(failed)
    #expect(try store.observerStates().map(\.lag) == [last, last])
    failing.fail(false)
    #expect(eventually { failing.seqs == Array(1...last) })
    let recovered = try eventually {
      try store.observerStates().first { $0.name == "failing" }?.failure == nil
    }
    #expect(recovered)
    for _ in 0..<30 { gate.signal() }
    #expect(eventually { slow.seqs == Array(1...last) })
    store.close()
  }

  @Test func oneThatIsNewCanBeginNow() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    for n in 1...5 { try add(n, store) }
    let last = try store.statistics().lastSeq
    let witness = Witness("live")
    try store.log.add(witness, startingAfter: last)
    try add(6, store)
    #expect(eventually { witness.seqs == [last + 1] })
  }
}
