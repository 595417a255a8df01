import Bytes
import Model

/// What a cell keeps of numbers whose sum, extremes, first or last are asked for. All of it is exact, and merges in any
/// order. The sum is that of the short decimals; what else there is, and squares, stand in ``MomentColumns``.
///
/// Numbers and places stand in parts, so that a cell's take 104 bytes, not 160: cells in memory are bounded by their bytes,
/// and most of what merging costs is fetching them.
struct Moments: Sendable, Equatable {
  var count: UInt64 = 0
  // The halves of the sum: an integer of 128 bits would have to begin at 16 bytes.
  private var sumLow: UInt64 = 0
  private var sumHigh: Int64 = 0
  private var minWord: UInt64 = 0
  private var maxWord: UInt64 = 0
  private var firstWord: UInt64 = 0
  private var lastWord: UInt64 = 0
  private var firstNs = FactPlace.end.timeNs
  private var lastNs = FactPlace.start.timeNs
  private var firstSeq = FactPlace.end.seq
  private var lastSeq = FactPlace.start.seq
  private var firstElement = FactPlace.end.element
  private var lastElement = FactPlace.start.element
  private var minCode: UInt8 = 0
  private var maxCode: UInt8 = 0
  private var firstCode: UInt8 = 0
  private var lastCode: UInt8 = 0

  /// In units of 10^-9 (``ExactNumber``), but for what is beyond 128 bits.
  var sum: Int128 {
    get { Int128(sumHigh) << 64 | Int128(sumLow) }
    set {
      sumLow = UInt64(truncatingIfNeeded: newValue)
      sumHigh = Int64(truncatingIfNeeded: newValue >> 64)
    }
  }

  var min: Number {
    get { Number(code: minCode, word: minWord) }
    set { (minCode, minWord) = newValue.parts }
  }

  var max: Number {
    get { Number(code: maxCode, word: maxWord) }
    set { (maxCode, maxWord) = newValue.parts }
  }

  var first: KeptNumber {
    get { KeptNumber(code: firstCode, word: firstWord) }
    set { (firstCode, firstWord) = newValue.parts }
  }

  var last: KeptNumber {
    get { KeptNumber(code: lastCode, word: lastWord) }
    set { (lastCode, lastWord) = newValue.parts }
  }

  var firstAt: FactPlace {
    get { FactPlace(timeNs: firstNs, seq: firstSeq, element: firstElement) }
    set { (firstNs, firstSeq, firstElement) = (newValue.timeNs, newValue.seq, newValue.element) }
  }

  var lastAt: FactPlace {
    get { FactPlace(timeNs: lastNs, seq: lastSeq, element: lastElement) }
    set { (lastNs, lastSeq, lastElement) = (newValue.timeNs, newValue.seq, newValue.element) }
  }

  /// How much the last number is above the first.
  var delta: Number {
    var difference = ExactSum()
    difference.add(last.exact)
    difference.subtract(first.exact)
    return difference.number()
  }

  /// Adds others. When the sum has no room in 128 bits any more, gives what it was: it starts anew with that of `other`.
  mutating func merge(_ other: Moments) -> Int128? {
    if other.count == 0 { return nil }
    if count == 0 {
      self = other
      return nil
    }
    count += other.count
    if other.min < min { (minCode, minWord) = (other.minCode, other.minWord) }
    if other.max > max { (maxCode, maxWord) = (other.maxCode, other.maxWord) }
    if other.firstAt < firstAt {
      (firstCode, firstWord, firstAt) = (other.firstCode, other.firstWord, other.firstAt)
    }
    if other.lastAt >= lastAt {
      (lastCode, lastWord, lastAt) = (other.lastCode, other.lastWord, other.lastAt)
    }
    let before = sum
    let (total, isOver) = before.addingReportingOverflow(other.sum)
    sum = isOver ? other.sum : total
    return isOver ? before : nil
  }
}
