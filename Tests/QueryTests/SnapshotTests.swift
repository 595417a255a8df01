import Foundation
import Model
import Query
import Store
import Synchronization
import Testing

/// Each answer is of the state of the log that it names, whatever is committed while it is computed.
@Suite struct SnapshotTests {
  private let directory = TemporaryDirectory()

  /// The event `n` of one hour; each has a value of its own, so that a sum says which events were taken.
  private static func event(_ n: Int) -> String {
    let second = String(format: "%02d:%02d", n / 60 % 60, n % 60)
    return "{\"ts\":\"2024-06-01T00:\(second)Z\",\"d\":\"d\(n % 7)\",\"v\":\(n)}"
  }

  private static let texts = [
    "SELECT sum(v) AS v, count(*) AS n FROM s",
    "SELECT sum(v) AS v, count(*) AS n FROM k SINCE '2024-06-01' UNTIL '2024-06-02'",
    "SELECT sum(v) AS v, count(*) AS n FROM s SINCE '2024-06-01' UNTIL '2024-06-02' EVERY 1h",
    "SELECT sum(v) AS v, count(*) AS n FROM s SINCE '2024-06-01T00:00:00' "
      + "UNTIL '2024-06-01T00:59:59.5' GROUP BY d",
    "SELECT v FROM s LIMIT 1000000",
    "EVENTS FOR SELECT sum(v) FROM s LIMIT 1000000",
  ]

  /// The definitions of a snapshot are those that its seq has in the catalogue, while they change all the time.
  @Test(.timeLimit(.minutes(5)))
  func definitionsAreThoseOfTheSeq() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append([Self.event(0)], to: "s")
    let isDone = Atomic<Bool>(false)
    let failures = Mutex<[String]>([])
    let group = DispatchGroup()
    for _ in 0..<3 {
      group.enter()
      Thread {
        defer { group.leave() }
        func text(_ kpi: KpiInfo) -> String { "\(kpi.name) \(kpi.version) \(kpi.isActive)" }
        while !isDone.load(ordering: .relaxed) {
          do {
            let snapshot = try store.snapshot()
            let now = snapshot.kpis.map(text)
            let then = try store.kpis(asOf: snapshot.lastSeq).map(text)
            if now != then {
              failures.withLock { $0.append("seq \(snapshot.lastSeq): \(now), and \(then)") }
            }
          } catch {
            failures.withLock { $0.append("\(error)") }
          }
        }
      }.start()
    }
    let engine = QueryEngine(store)
    for _ in 0..<30 {
      for text in [
        "DEFINE KPI k AS sum(v) AS v FROM s EVERY 1h",
        "REDEFINE KPI k AS max(v) AS v FROM s EVERY 1h",
        "SWITCH KPI k TO VERSION 2", "DROP KPI k",
      ] {
        // Versions are counted on when a name comes again.
        let text =
          text.hasPrefix("SWITCH")
          ? "SWITCH KPI k TO VERSION \(try store.snapshot().kpis.map(\.version).max() ?? 0)" : text
        _ = try engine.run(text, QueryOptions(nowNs: 0))
      }
    }
    isDone.store(true, ordering: .relaxed)
    group.wait()
    #expect(failures.withLock { $0.first } == nil)
  }

  /// Many queries at once, of cells, columns, facts and documents, beside a writer on a map that has to grow again
  /// and again: none waits for ever, and each has the events up to its seq and no other.
  @Test(.timeLimit(.minutes(5)))
  func answersAreOfTheirSeqBesideAWriter() async throws {
    let store = try Store(directory: directory.path, mapSizeBytes: 1 << 20)
    defer { store.close() }
    let total = 120
    // The stream's definition is event 1, the KPI's event 3; so which events a seq has is known.
    _ = try store.append([Self.event(0)], to: "s")
    _ = try QueryEngine(store).run(
      "DEFINE KPI k AS sum(v) AS v, count(*) AS n FROM s EVERY 1h",
      QueryOptions(nowNs: 1_717_300_000_000_000_000))
    let first = try store.snapshot().lastSeq
    let isDone = Atomic<Bool>(false)
    let failures = Mutex<[String]>([])
    let answers = Atomic<Int>(0)
    func note(_ text: String) { failures.withLock { $0.append(text) } }
    @Sendable func ask(_ number: Int) {
      var next = number
      while !isDone.load(ordering: .relaxed) {
        let text = Self.texts[next % Self.texts.count]
        next += 1
        do {
          let answer = try QueryEngine(store).run(
            text, QueryOptions(nowNs: 1_717_300_000_000_000_000))[0]
          answers.add(1, ordering: .relaxed)
          let seq = try #require(answer.meta.asOfSeq)
          // Event 0 and those after the definition of the KPI.
          let count = 1 + Int(seq - first)
          if let wrong = Self.fault(answer, text, count) {
            failures.withLock { $0.append("\(text), seq \(seq): \(wrong)") }
          }
        } catch {
          failures.withLock { $0.append("\(text): \(error)") }
        }
      }
    }
    let group = DispatchGroup()
    for number in 0..<40 {
      let thread = Thread { [group] in
        ask(number)
        group.leave()
      }
      group.enter()
      thread.stackSize = 1 << 20
      thread.start()
    }
    // Documents with much in them that does not compress make the map grow.
    var random = SystemRandomNumberGenerator()
    for n in 1..<total {
      var text = Self.event(n)
      text.removeLast()
      let filling = (0..<1_000).map { _ in String(random.next(), radix: 36) }.joined()
      text += ",\"filling\":\"\(filling)\"}"
      _ = try store.append([text], to: "s")
    }
    isDone.store(true, ordering: .relaxed)
    #expect(group.wait(timeout: .now() + 120) == .success, "queries wait for ever")
    #expect(failures.withLock { $0.prefix(5).joined(separator: "\n") } == "")
    #expect(answers.load(ordering: .relaxed) >= 40)
    #expect(try store.check().isSound)
  }

  /// What is wrong with an answer that should have the first `count` events.
  private static func fault(_ answer: Answer, _ text: String, _ count: Int) -> String? {
    let sum = Double(count * (count - 1) / 2)
    func total(_ name: String) -> Double {
      guard let column = answer.columns.first(where: { $0.name == name }) else { return .nan }
      return (0..<answer.rowCount).reduce(0) { $0 + (column.values[$1].number?.double ?? .nan) }
    }
    if text.hasPrefix("SELECT v") || text.hasPrefix("EVENTS") {
      return answer.rowCount == count ? nil : "\(answer.rowCount) rows, not \(count)"
    }
    if total("n") != Double(count) { return "count \(total("n")), not \(count)" }
    return total("v") == sum ? nil : "sum \(total("v")), not \(sum)"
  }

  /// A statement whose stream is altered between its snapshot and its reading answers by the new mapping.
  @Test func aStatementBeginsAnewAfterAnAlteration() throws {
    let directory = TemporaryDirectory()
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let events = (10..<60).map { #"{"ts":"2024-06-01T00:00:\#($0)","v":1}"# }
    let engine = QueryEngine(store)
    _ = try engine.run("DEFINE STREAM s TIME ts ZONE 'UTC'", QueryOptions(nowNs: 0))
    _ = try store.append(events, to: "s")
    let isAltered = Atomic<Bool>(false)
    var options = QueryOptions(nowNs: 0)
    options.isCancelled = {
      if isAltered.exchange(true, ordering: .relaxed) { return false }
      let done = DispatchSemaphore(value: 0)
      Thread {
        do {
          _ = try engine.run("ALTER STREAM s TIME ts ZONE 'Asia/Kolkata'", QueryOptions(nowNs: 0))
        } catch { Issue.record(error) }
        done.signal()
      }.start()
      done.wait()
      return false
    }
    // Rows first, then their events.
    let text = "EVENTS FOR SELECT count(*) FROM s EVERY 1h LIMIT 100"
    let answer = try engine.run(text, options)[0]
    let wasAltered = isAltered.load(ordering: .relaxed)
    #expect(wasAltered)
    #expect(answer.rowCount == 50)
    let later = try engine.run(text, QueryOptions(nowNs: 0))[0]
    #expect(later.columns.map(\.values) == answer.columns.map(\.values))
  }
}
