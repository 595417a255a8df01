/// The UTC offsets of a time zone over all times that an `Int64` of nanoseconds holds (1677 to 2262).
///
/// A table of the instants at which the offset changes. Between two changes the offset is constant;
/// neighbours differ. Everything in it is whole seconds, as in the TZif format it comes from.
public struct ZoneRules: Sendable, Equatable {
  /// As it was asked for, such as "Europe/Paris".
  public let name: String
  /// When the offset changes, in seconds since the epoch, ascending.
  let changes: [Int64]
  /// The offset east of UTC of each stretch between changes: one more than there are changes.
  let offsets: [Int64]

  /// No offset is further from UTC: RFC 8536 has them from -24:59:59 to 25:59:59.
  static let maxOffsetSeconds: Int64 = 26 * 3_600
  /// The seconds in which times of `Int64` nanoseconds lie.
  static let seconds = Int64.min.flooredQuotient(1_000_000_000)...Int64.max / 1_000_000_000

  /// The zone without an offset.
  public static let utc = ZoneRules(name: "UTC", firstOffset: 0, changes: [])

  /// A zone that has `firstOffset` until the first of `changes`, which ascend; of changes at the same
  /// instant the last one counts. O(changes).
  init(name: String, firstOffset: Int64, changes: [OffsetChange]) {
    self.name = name
    var instants: [Int64] = []
    var offsets = [firstOffset]
    for change in changes where change.seconds <= Self.seconds.upperBound {
      if change.seconds <= Self.seconds.lowerBound {
        offsets = [change.offset]
        continue
      }
      // A file whose rule overlaps its table must not break the order that searches rely on.
      guard change.seconds >= instants.last ?? .min else { continue }
      if change.seconds == instants.last {
        instants.removeLast()
        offsets.removeLast()
      }
      guard change.offset != offsets.last else { continue }
      instants.append(change.seconds)
      offsets.append(change.offset)
    }
    self.changes = instants
    self.offsets = offsets
  }

  /// What local clocks show beyond UTC at `timeNs`. O(log n) in the changes of the zone.
  public func offsetNs(at timeNs: Int64) -> Int64 {
    offsets[stretch(at: timeNs.flooredQuotient(1_000_000_000))] * 1_000_000_000
  }

  /// The instants at which the offset changes, ascending, for those who walk along a zone.
  public var changesNs: [Int64] { changes.map { $0 * 1_000_000_000 } }

  /// The index of the stretch of constant offset that holds the second. O(log n).
  func stretch(at second: Int64) -> Int {
    var low = 0
    var high = changes.count
    while low < high {
      let middle = (low + high) / 2
      if changes[middle] <= second { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The first second of a stretch; for the first one a number below all others.
  func start(ofStretch index: Int) -> Int64 {
    index == 0 ? Self.seconds.lowerBound * 2 : changes[index - 1]
  }

  /// The second after a stretch; for the last one a number above all others.
  func end(ofStretch index: Int) -> Int64 {
    index == changes.count ? Self.seconds.upperBound * 2 : changes[index]
  }

  /// The first second at which local clocks show `local` or later, since the epoch's local midnight. Later
  /// clock changes may set them back before it again. O(log n).
  func firstSecond(showing local: Int64) -> Int64 {
    var index = stretch(at: local - Self.maxOffsetSeconds)
    while end(ofStretch: index) + offsets[index] <= local, index < changes.count { index += 1 }
    return max(start(ofStretch: index), local - offsets[index])
  }
}

/// From `seconds` since the epoch on, local clocks show `offset` seconds beyond UTC.
struct OffsetChange: Equatable {
  var seconds: Int64
  var offset: Int64
}
