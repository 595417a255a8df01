/// A bit for each of some rows, in words of 64, the lowest bit first.
public struct Bitmap: Sendable, Equatable {
  public var words: [UInt64]

  /// No row is marked.
  @inlinable public init(rowCount: Int = 0) {
    words = Array(repeating: 0, count: (rowCount + 63) / 64)
  }

  @inlinable public init(words: [UInt64]) { self.words = words }

  /// Rows that there are bits for.
  @inlinable public var capacity: Int { 64 * words.count }

  /// Whether a row is marked. It must be below ``capacity``. O(1).
  @inlinable public subscript(row: Int) -> Bool {
    @inline(__always) get { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }
  }

  /// Marks a row, which must be below ``capacity``. O(1).
  @inlinable @inline(__always) public mutating func insert(_ row: Int) {
    words[row >> 6] |= 1 << UInt64(row & 63)
  }

  /// Makes room for a row. Amortized O(1) for rows that rise.
  @inlinable public mutating func reserve(row: Int) {
    while row >= capacity { words.append(0) }
  }

  /// How many of some rows, which are below ``capacity``, are marked. O(words of the rows).
  public func count(in rows: Range<Int>) -> Int {
    if rows.isEmpty { return 0 }
    let (first, last) = (rows.lowerBound >> 6, (rows.upperBound - 1) >> 6)
    let head = UInt64.max << UInt64(rows.lowerBound & 63)
    let tail = UInt64.max >> UInt64(63 - (rows.upperBound - 1) & 63)
    if first == last { return (words[first] & head & tail).nonzeroBitCount }
    return (words[first] & head).nonzeroBitCount + (words[last] & tail).nonzeroBitCount
      + words[first + 1..<last].reduce(0) { $0 + $1.nonzeroBitCount }
  }

  /// The rows that either has marked, which have room for as many. O(words).
  @inlinable public func union(_ other: Bitmap) -> Bitmap {
    precondition(words.count == other.words.count, "two bitmaps are not of the same rows")
    return Bitmap(words: zip(words, other.words).map { $0 | $1 })
  }

  /// Calls `body` with each row below `count` that is marked, in order. O(words + rows marked).
  @inlinable @inline(__always)
  public func forEachRow(below count: Int, _ body: (Int) throws -> Void) rethrows {
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        let row = 64 * index + rest.trailingZeroBitCount
        if row >= count { return }
        try body(row)
        rest &= rest - 1
      }
    }
  }

  /// The first row that is marked; nil when none is. O(words).
  @inlinable public var first: Int? {
    words.firstIndex { $0 != 0 }.map { 64 * $0 + words[$0].trailingZeroBitCount }
  }
}

/// Which rows have a value.
public enum Presence: Sendable, Equatable {
  case all
  /// Those that are marked. Two that mark the same rows may still differ: one of them may be `all`.
  case some(Bitmap)
  case none

  /// Whether a row has a value. O(1).
  @inlinable public subscript(row: Int) -> Bool {
    @inline(__always) get {
      switch self {
      case .all: true
      case .some(let rows): rows[row]
      case .none: false
      }
    }
  }

  /// How many of some rows have a value. O(rows / 64).
  public func count(in rows: Range<Int>) -> Int {
    switch self {
    case .all: rows.count
    case .some(let bitmap): bitmap.count(in: rows)
    case .none: 0
    }
  }

  /// Calls `body` with each row below `count` that has a value, in order. O(rows).
  @inlinable @inline(__always)
  public func forEachRow(below count: Int, _ body: (Int) throws -> Void) rethrows {
    switch self {
    case .all: for row in 0..<count { try body(row) }
    case .some(let rows): try rows.forEachRow(below: count, body)
    case .none: break
    }
  }

  /// The rows that one of them has; all are of the same rows. O(words).
  public static func union(of parts: [Presence]) -> Presence {
    var rows: Bitmap?
    for part in parts {
      switch part {
      case .all: return .all
      case .some(let more): rows = rows.map { $0.union(more) } ?? more
      case .none: continue
      }
    }
    return rows.map { .some($0) } ?? .none
  }
}
