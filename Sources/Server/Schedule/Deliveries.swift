import Foundation
import Language
import Model

/// Something to be done until it has ended, also when it has to be tried more than once.
struct Delivery: Sendable {
  enum Outcome {
    /// Whichever way; it is on record.
    case ended
    /// To be tried again.
    case failed(String)
  }

  /// Tells it from all others.
  var id: String
  /// The schedule, alert or sink that it is of.
  var owner: DeliveryOwner
  /// Whether it waits for another machine.
  var isRemote: Bool
  /// Tries it; is told how often that was done before, and asked whether all is to end. Throws `CancellationError` then.
  var attempt: @Sendable (Int, @escaping @Sendable () -> Bool) throws -> Outcome
}

extension TargetCall {
  /// Whether what goes there waits for another machine.
  var isRemote: Bool { kind == "webhook" || kind == "kafka" }
}

/// Whose a delivery is.
enum DeliveryOwner: Hashable, Sendable {
  case schedule(String, version: Int)
  case alert(String, version: Int)
  case sink(String, version: Int)
}

/// Deliveries that have not ended, and when each is due.
final class Deliveries: @unchecked Sendable {
  /// The clock is looked at so often at least, since it may be set.
  private static let longestWaitS = 60.0

  private let clock: @Sendable () -> Int64
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var entries: [Entry] = []
  private var hasNews = true
  private var isStopped = false

  private struct Entry {
    var delivery: Delivery
    /// How often it was tried.
    var attempts = 0
    var dueNs: Int64
    var isRunning = false
  }

  init(clock: @escaping @Sendable () -> Int64) { self.clock = clock }

  var ids: Set<String> { condition.withLock { Set(entries.map(\.delivery.id)) } }
  var hasToStop: Bool { condition.withLock { isStopped } }

  /// Adds one that is due now.
  func add(_ delivery: Delivery) {
    condition.withLock {
      entries.append(Entry(delivery: delivery, dueNs: clock()))
      condition.broadcast()
    }
  }

  /// Whether one of the owner has to be gone on with before the next is begun: one that waits for no other machine, or was
  /// never tried.
  func holdUp(_ owner: DeliveryOwner) -> Bool {
    condition.withLock {
      isStopped
        || entries.contains {
          $0.delivery.owner == owner && (!$0.delivery.isRemote || $0.attempts == 0)
        }
    }
  }

  /// Forgets those that are not running and of owners that are no more; gives the ids of those that stay.
  func removeAll(except owners: Set<DeliveryOwner>) -> Set<String> {
    condition.withLock {
      entries.removeAll { !owners.contains($0.delivery.owner) && !$0.isRunning }
      return Set(entries.map(\.delivery.id))
    }
  }

  /// The one that is due first, once one is, and how often it was tried; nil when all is to end.
  func take(isRemote: Bool) -> (delivery: Delivery, attempts: Int)? {
    condition.withLock {
      while !isStopped {
        let waiting = entries.indices.filter {
          entries[$0].delivery.isRemote == isRemote && !entries[$0].isRunning
        }
        let first = waiting.min { entries[$0].dueNs < entries[$1].dueNs }
        if let first, entries[first].dueNs <= clock() {
          entries[first].isRunning = true
          return (entries[first].delivery, entries[first].attempts)
        }
        wait(untilNs: first.map { entries[$0].dueNs })
      }
      return nil
    }
  }

  /// Takes note that one was tried: it has ended, or is due again.
  func put(_ delivery: Delivery, dueNs: Int64?) {
    condition.withLock {
      if let index = entries.firstIndex(where: { $0.delivery.id == delivery.id }) {
        if let dueNs {
          entries[index].attempts += 1
          (entries[index].isRunning, entries[index].dueNs) = (false, dueNs)
        } else {
          entries.remove(at: index)
        }
      }
      hasNews = true
      condition.broadcast()
    }
  }

  /// Waits until a time or for news; false when all is to end.
  func awaitNews(untilNs: Int64?) -> Bool {
    condition.withLock {
      while !isStopped, !hasNews, untilNs.map({ $0 > clock() }) ?? true { wait(untilNs: untilNs) }
      hasNews = false
      return !isStopped
    }
  }

  /// Says that there are news.
  func wake() {
    condition.withLock {
      hasNews = true
      condition.broadcast()
    }
  }

  func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
  }

  /// With `condition` locked.
  private func wait(untilNs: Int64?) {
    let seconds = untilNs.map { Double($0.saturatingSubtracting(clock())) / 1e9 }
    let bounded = min(max(seconds ?? Self.longestWaitS, 0.001), Self.longestWaitS)
    _ = condition.wait(until: Date(timeIntervalSinceNow: bounded))
  }
}
