import EventLog

/// Where facts stand in the log.
struct FactPlaces: Sendable {
  private let seqs: EventSeqs
  /// The event of each fact, as its place among all; nil when each event is one fact.
  private let events: [Int32]?
  /// The place of each fact among those of its event; empty when each event is one fact.
  private let elements: [UInt32]
  /// Where the facts of each piece end; empty when there is but one.
  private let pieceEnds: [Int]
  /// For facts in another order than that of the log their places in it.
  private let order: [Int32]?

  /// O(facts) when events have several, else O(pieces).
  init(_ facts: JoinedFacts) {
    seqs = facts.seqs
    events = facts.events()
    order = nil
    elements = events.map(Self.elements) ?? []
    pieceEnds = Self.pieceEnds(facts.pieces, events)
  }

  /// The same of facts in another order.
  init(_ places: FactPlaces, _ order: [Int32]) {
    precondition(places.order == nil, "facts that are sorted are sorted again")
    (seqs, events, elements) = (places.seqs, places.events, places.elements)
    (pieceEnds, self.order) = (places.pieceEnds, order)
  }

  private static func elements(_ events: [Int32]) -> [UInt32] {
    var elements = [UInt32](repeating: 0, count: events.count)
    for fact in elements.indices.dropFirst() where events[fact] == events[fact - 1] {
      elements[fact] = elements[fact - 1] + 1
    }
    return elements
  }

  private static func pieceEnds(_ pieces: [BlockPiece], _ events: [Int32]?) -> [Int] {
    guard pieces.count > 1 else { return [] }
    var (eventEnd, fact, ends) = (0, 0, [Int]())
    ends.reserveCapacity(pieces.count)
    for piece in pieces {
      eventEnd += piece.eventCount
      if let events {
        while fact < events.count, Int(events[fact]) < eventEnd { fact += 1 }
      } else {
        fact = eventEnd
      }
      ends.append(fact)
    }
    return ends
  }

  @inline(__always)
  private func inLog(_ fact: Int) -> Int { order.map { Int($0[fact]) } ?? fact }

  /// The number of the fact's event. O(1).
  @inline(__always)
  func seq(_ fact: Int) -> UInt64 {
    let place = inLog(fact)
    return seqs[events.map { Int($0[place]) } ?? place]
  }

  /// Where a fact of this time stands. O(1).
  func place(_ fact: Int, _ timeNs: Int64) -> FactPlace {
    let element = elements.isEmpty ? 0 : elements[inLog(fact)]
    return FactPlace(timeNs: timeNs, seq: seq(fact), element: element)
  }

  /// Whether a fact's place in the log is at or after one. O(1).
  @inline(__always)
  func isInLog(_ fact: Int, from place: Int) -> Bool { inLog(fact) >= place }

  // MARK: Pieces

  var hasPieces: Bool { !pieceEnds.isEmpty }

  /// The facts of a piece, in the order of the log.
  func facts(ofPiece piece: Int) -> Range<Int> {
    pieceEnds.isEmpty
      ? 0..<Int.max : (piece == 0 ? 0 : pieceEnds[piece - 1])..<pieceEnds[piece]
  }

  /// The piece of a fact that is not before those of piece `first`. O(log pieces), O(1) when it is of that one.
  func piece(of fact: Int, from first: Int = 0) -> Int {
    let place = inLog(fact)
    if pieceEnds.isEmpty || place < pieceEnds[first] { return first }
    var (low, high) = (first + 1, pieceEnds.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if place < pieceEnds[middle] { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
