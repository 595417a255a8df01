import Foundation
import Model
import Store
import Synchronization
import Testing

@testable import Query

/// What a query takes beside what its source counts ends it as well, by the limit's name.
@Suite struct LimitTests {
  private static let count = 10_000

  /// Facts and a KPI of many buckets, and two facts that are far apart.
  private static func store(_ directory: TemporaryDirectory) throws -> Store {
    let store = try Store(directory: directory.path)
    let lines = (0..<count).map { #"{"ts":\#(1_717_200_000 + 60 * $0),"v":\#($0 * 7 % 1_000)}"# }
    _ = try store.append(lines, to: "s")
    _ = try store.append([#"{"ts":1717200000,"v":1}"#, #"{"ts":1717800000,"v":1}"#], to: "far")
    let definition = "KPI k AS count(*) AS n FROM s EVERY 1m"
    for verb in ["DEFINE", "REDEFINE"] {
      _ = try QueryEngine(store).run("\(verb) \(definition)", QueryOptions(nowNs: 0))
    }
    return store
  }

  private static func error(
    _ store: Store, _ query: String, _ set: (inout QueryOptions) -> Void
  ) throws -> String? {
    var options = QueryOptions(nowNs: 0)
    set(&options)
    do {
      _ = try QueryEngine(store).run(query, options)
      return nil
    } catch let error as QueryLimitError {
      return error.description
    }
  }

  /// The query, one that takes as much of the source, and what the rest is for.
  static let steps = [
    (
      "SELECT v FROM s SINCE '2024-01-01' ORDER BY v", "SELECT v FROM s SINCE '2024-01-01'",
      "ORDER BY"
    ),
    (
      "SELECT v, v + 1, v * 2, v / 3 FROM s SINCE '2024-01-01'",
      "SELECT v FROM s SINCE '2024-01-01'", "items"
    ),
    (
      "SELECT v, zscore(v, 1h) FROM s SINCE '2024-01-01'", "SELECT v FROM s SINCE '2024-01-01'",
      "functions that look back"
    ),
    (
      "SELECT v, pct_change(v, 1m) FROM s SINCE '2024-01-01'",
      "SELECT v FROM s SINCE '2024-01-01'", "functions that look back"
    ),
    (
      "SELECT sum(v) FROM far SINCE '2024-06-01' UNTIL '2024-06-08' EVERY 1m FILL LINEAR",
      "SELECT sum(v) FROM far SINCE '2024-06-01' UNTIL '2024-06-08' EVERY 1m", "FILL"
    ),
    (
      "SELECT n FROM k SINCE '2024-06-04' UNTIL '2024-06-06' COMPARE WITH 2d AGO",
      "SELECT n FROM k SINCE '2024-06-04' UNTIL '2024-06-06'", "COMPARE WITH"
    ),
    ("COMPARE KPI k VERSION 1 WITH VERSION 2", "SELECT n FROM k", "COMPARE KPI"),
  ]

  @Test func memoryOfStepsIsCounted() throws {
    let directory = TemporaryDirectory()
    let store = try Self.store(directory)
    defer { store.close() }
    for (query, plain, purpose) in Self.steps {
      // The least that the rows themselves take.
      var (low, high) = (1, 1 << 30)
      while low < high {
        let middle = (low + high) / 2
        if try Self.error(store, plain, { $0.limits.maxMemoryBytes = middle }) == nil {
          high = middle
        } else {
          low = middle + 1
        }
      }
      var error: String?
      repeat {
        error = try Self.error(store, query) { $0.limits.maxMemoryBytes = low }
        // The second version's rows come before they are joined, and the buckets beside a range with these of the range.
        let isBefore = ["for rows;", "groups and buckets that"].contains {
          error?.contains($0) == true
        }
        if isBefore { low += low / 8 } else { break }
      } while true
      #expect(
        error?.hasPrefix("max_memory: more than \(low) bytes for \(purpose); ") == true,
        "\(query): \(error ?? "no error")")
    }
  }

  /// Where each group has a bucket of its own, a cell takes more than where they share one; that is counted.
  @Test func memoryOfThinBucketsIsCounted() throws {
    let directory = TemporaryDirectory()
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let lines = (0..<10_000).map { #"{"ts":\#(1_717_200_000 + $0),"v":1,"d":"device-\#($0)"}"# }
    _ = try store.append(lines, to: "s")
    func error(_ length: String, _ bytes: Int) throws -> String? {
      try Self.error(store, "SELECT count(*) FROM s GROUP BY d EVERY \(length)") {
        $0.limits.maxMemoryBytes = bytes
      }
    }
    #expect(try error("1d", 16 << 20) == nil)
    let thin = try error("1s", 16 << 20)
    #expect(thin?.hasPrefix("max_memory: more than ") == true, "\(thin ?? "no error")")
    #expect(try error("1s", 64 << 20) == nil)
  }

  /// Each step asks whether it is still wanted, more often than what it begins with.
  @Test func stepsArePolled() throws {
    let directory = TemporaryDirectory()
    let store = try Self.store(directory)
    defer { store.close() }
    for (query, plain, purpose) in Self.steps {
      let (all, begin) = (try Self.polls(store, query), try Self.polls(store, plain))
      #expect(all > begin, "\(purpose): \(all) polls and \(begin)")
    }
    let count = Mutex(0)
    let isCancelled: @Sendable () -> Bool = {
      count.withLock { $0 += 1 }
      return false
    }
    let values = try Cancellation.with(isCancelled) { try polledRows(200_000) { $0 } }
    #expect(values == Array(0..<200_000))
    #expect(count.withLock { $0 } == 4)
  }

  /// What ends at one of these polls since its time is over says so.
  @Test func timeOfStepsIsLimited() throws {
    let directory = TemporaryDirectory()
    let store = try Self.store(directory)
    defer { store.close() }
    let (query, plain, _) = Self.steps[2]
    let polls = try Self.polls(store, plain)
    let count = Mutex(0)
    let error = try Self.error(store, query) { options in
      options.limits.maxSeconds = 2
      options.isCancelled = {
        let isInStep = count.withLock {
          $0 += 1
          return $0 == polls + 1
        }
        if isInStep { Thread.sleep(forTimeInterval: 2.1) }
        return false
      }
    }
    #expect(error?.hasPrefix("more than 2.0 s; ") == true, "\(error ?? "no error")")
  }

  private static func polls(_ store: Store, _ query: String) throws -> Int {
    let count = Mutex(0)
    _ = try error(store, query) { options in
      options.isCancelled = {
        count.withLock { $0 += 1 }
        return false
      }
    }
    return count.withLock { $0 }
  }
}
