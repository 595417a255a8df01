import Foundation
import Model
import Store

/// What was handed to the store, as it becomes durable: noted by the thread that commits, taken by the one that polls.
final class Landings: @unchecked Sendable {
  /// One that has ended.
  struct Landed: Sendable {
    var place: Int
    var position: PartitionPosition
    var progress: SourceProgress
    var batchCount: Int
    var result: Result<AppendResult, any Error>
  }

  private let condition = NSCondition()
  // Guarded by `condition`.
  private var landed: [Landed] = []

  func expect(_ place: Int, _ flight: PartitionIntake.Flight, _ progress: SourceProgress) -> Landing
  {
    Landing(
      Landed(
        place: place, position: flight.position, progress: progress,
        batchCount: flight.batches.count, result: .success(AppendResult())),
      expecting: flight.batches.count, self)
  }

  func add(_ one: Landed) {
    condition.withLock {
      landed.append(one)
      condition.signal()
    }
  }

  /// Those that have ended since; at least one when `waiting`.
  func take(waiting: Bool) -> [Landed] {
    condition.withLock {
      while waiting, landed.isEmpty { condition.wait() }
      defer { landed = [] }
      return landed
    }
  }
}

/// The batches of one partition that were handed over together.
final class Landing: @unchecked Sendable {
  private let landings: Landings
  private let lock = NSLock()
  // Guarded by `lock`.
  private var landed: Landings.Landed
  /// Batches that have not ended.
  private var left: Int

  init(_ landed: Landings.Landed, expecting count: Int, _ landings: Landings) {
    (self.landed, left, self.landings) = (landed, count, landings)
    if count == 0 { landings.add(landed) }
  }

  /// One batch has ended.
  func land(_ result: Result<AppendResult, any Error>) {
    finish(1) { landed in
      switch (landed, result) {
      case (.success(var sum), .success(let part)):
        sum.merge(part)
        landed = .success(sum)
      case (.success, .failure): landed = result
      case (.failure, _): break
      }
    }
  }

  /// The last `count` batches could not be handed over.
  func giveUp(_ count: Int, _ error: any Error) { finish(count) { $0 = .failure(error) } }

  private func finish(_ count: Int, _ change: (inout Result<AppendResult, any Error>) -> Void) {
    let done = lock.withLock {
      change(&landed.result)
      left -= count
      return left == 0 ? landed : nil
    }
    if let done { landings.add(done) }
  }
}
