import Model

/// Judges the events of one batch after the other.
struct SourceJudge {
  private(set) var reach: SourceReach
  private(set) var late: [LateEvent] = []
  private(set) var ahead: [AheadEvent] = []
  private let receivedNs: Int64
  private let latenessNs: Int64
  /// Times up to this one count, if they are no jump.
  private let highestNs: Int64
  /// How far the source or the stream has got, whichever is further; never beyond the wall clock.
  private var passedNs: Int64
  /// Times from `passedNs` to this one count without further ado.
  private var believedNs: Int64 = .min
  /// Times before this one are late.
  private var dueNs: Int64 = .min

  /// `streamNs` is the watermark of the stream before the batch.
  init(_ reach: SourceReach, streamNs: Int64?, receivedNs: Int64, latenessNs: Int64) {
    self.reach = reach
    self.receivedNs = receivedNs
    self.latenessNs = latenessNs
    highestNs = receivedNs.saturatingAdding(SourceReach.maxAheadNs)
    passedNs = max(reach.timeNs ?? .min, streamNs ?? .min)
    update()
  }

  private mutating func update() {
    // Times can be further apart than nanoseconds can say: then the distance is as great as it gets.
    dueNs = min(passedNs, receivedNs).saturatingSubtracting(latenessNs)
    guard reach.doubted.isEmpty else {
      believedNs = .min
      return
    }
    // Who has nothing to compare with believes what comes first.
    let jumpNs = passedNs == .min ? .max : passedNs.saturatingAdding(SourceReach.maxJumpNs)
    let isNear = jumpNs >= receivedNs.saturatingSubtracting(SourceReach.maxJumpNs)
    believedNs = isNear ? highestNs : min(highestNs, jumpNs)
  }

  /// Judges the event `seq`. O(1).
  @inline(__always)
  mutating func judge(_ timeNs: Int64, seq: UInt64) {
    if timeNs > believedNs {
      weigh(timeNs, seq)
    } else if timeNs > passedNs {
      believe(timeNs)
    } else if timeNs > reach.timeNs ?? .min {
      reach.timeNs = timeNs
    }
    if timeNs < dueNs {
      let passed = min(passedNs, receivedNs)
      late.append(
        LateEvent(seq: seq, timeNs: timeNs, behindNs: passed.saturatingSubtracting(timeNs)))
    }
  }

  @inline(__always)
  private mutating func believe(_ timeNs: Int64) {
    reach.timeNs = max(reach.timeNs ?? .min, timeNs)
    passedNs = max(passedNs, timeNs)
    update()
  }

  /// Judges an event that is ahead, or that comes after one that was doubted.
  @inline(never)
  private mutating func weigh(_ timeNs: Int64, _ seq: UInt64) {
    if timeNs > highestNs {
      ahead.append(
        AheadEvent(
          seq: seq, timeNs: timeNs, aheadNs: timeNs.saturatingSubtracting(receivedNs),
          isOfClock: true))
      return
    }
    let aheadNs = timeNs.saturatingSubtracting(passedNs)
    let isNearClock = timeNs >= receivedNs.saturatingSubtracting(SourceReach.maxJumpNs)
    if passedNs > .min, aheadNs > SourceReach.maxJumpNs, !isNearClock {
      reach.doubted.append(SourceReach.Doubted(seq: seq, timeNs: timeNs, aheadNs: aheadNs))
      if reach.doubted.count == SourceReach.confirmations { confirm() }
      update()
      return
    }
    // A straggler says nothing of those ahead; an event that is where time had got to does.
    if timeNs >= dueNs {
      for doubted in reach.doubted where doubted.timeNs > timeNs {
        ahead.append(
          AheadEvent(
            seq: doubted.seq, timeNs: doubted.timeNs, aheadNs: doubted.aheadNs, isOfClock: false))
      }
      reach.doubted.removeAll()
    }
    believe(timeNs)
  }

  private mutating func confirm() {
    let timeNs = reach.atEndNs ?? .min
    reach.doubted.removeAll()
    believe(timeNs)
  }
}

/// An event that came after its source's watermark had passed it.
public struct LateEvent: Sendable, Equatable {
  public var seq: UInt64
  public var timeNs: Int64
  /// How far behind the watermark it was.
  public var behindNs: Int64
}

/// An event whose time is too far ahead to say how far time has got.
public struct AheadEvent: Sendable, Equatable {
  public var seq: UInt64
  public var timeNs: Int64
  /// How far ahead it was.
  public var aheadNs: Int64
  /// Whether it was ahead of the wall clock; else of all events before it.
  public var isOfClock: Bool
}
