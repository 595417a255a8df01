import Bytes

/// How far a partition has been read: what is noted in the store in the commit of the events, so that both are there or
/// neither.
public struct PartitionPosition: Sendable, Equatable {
  /// The offset to go on from.
  public var next: Int64
  /// The last message that was taken, and a hash of it: when it is another one, the topic is another one.
  public var last: Seen?
  /// Counts how often the topic was found to be another one of the same name, whose offsets begin anew.
  public var incarnation: Int

  /// Which messages that are no events are in the topic of dead letters; nil where there is none.
  public var letters: Letters?

  /// What is noted of dead letters: messages after the offset that are on the ledger are still to be put into their topic.
  public struct Letters: Sendable, Equatable {
    /// All before it are there.
    public var offset: Int64
    /// The page of the ledger that has those after it, or one before that.
    public var ledgerPage: UInt64

    public init(before offset: Int64, ledgerPage: UInt64) {
      (self.offset, self.ledgerPage) = (offset, ledgerPage)
    }
  }

  /// A message that was taken.
  public struct Seen: Sendable, Equatable {
    public var offset: Int64
    public var hash: UInt64

    public init(offset: Int64, hash: UInt64) { (self.offset, self.hash) = (offset, hash) }
  }

  public init(next: Int64, last: Seen? = nil, incarnation: Int = 0) {
    (self.next, self.last, self.incarnation) = (next, last, incarnation)
  }

  /// As a JSON object, which whoever looks at the position can read.
  public var text: [UInt8] {
    jsonObject { json in
      json.field("next", next)
      if let last {
        json.field("last", last.offset)
        json.field("hash", String(last.hash, radix: 16))
      }
      if incarnation > 0 { json.field("incarnation", Int64(incarnation)) }
      if let letters {
        json.field("letters", letters.offset)
        json.field("ledger_page", letters.ledgerPage)
      }
    }
  }

  /// Reads back what ``text`` wrote; nil when it is something else.
  public init?(_ text: [UInt8]) {
    guard let value = try? JSONReader.value(text), let next = value["next"]?.integer else {
      return nil
    }
    self.init(next: next, incarnation: Int(value["incarnation"]?.integer ?? 0))
    if let offset = value["last"]?.integer,
      let hash = value["hash"]?.string.flatMap({ UInt64($0, radix: 16) })
    {
      last = Seen(offset: offset, hash: hash)
    }
    if let offset = value["letters"]?.integer, let page = value["ledger_page"]?.unsigned {
      letters = Letters(before: offset, ledgerPage: page)
    }
  }
}

/// Where a partition is to be read from, given what was noted of it and what the broker has.
enum PartitionStart: Equatable {
  /// From `offset` on. When that is the offset of the last message that was taken, it is read again to see whether it is the
  /// same one.
  case from(offset: Int64)
  /// Messages are not there any more.
  case gap(PartitionGap)

  /// `marks` are the first offset that there is, and that of the next message to come.
  init(_ noted: PartitionPosition, marks: Range<Int64>) {
    if let last = noted.last, last.offset >= marks.lowerBound, last.offset < noted.next {
      // Also where the partition seems to end before it: brokers that have just taken over may say so.
      self = .from(offset: last.offset)
    } else if marks.upperBound < noted.next {
      // Offsets only grow, as long as a topic lives.
      self = .gap(PartitionGap(.recreated, after: noted, resumesAt: marks.lowerBound))
    } else if marks.lowerBound > noted.next {
      self = .gap(PartitionGap(.lost, after: noted, resumesAt: marks.lowerBound))
    } else {
      self = .from(offset: noted.next)
    }
  }
}

/// A place at which messages are missing.
struct PartitionGap: Error, Equatable {
  enum Kind: String, Sendable {
    /// They were deleted before they were read.
    case lost
    /// The topic is another one of the same name.
    case recreated
  }

  var kind: Kind
  /// What was noted before it.
  var before: PartitionPosition
  /// Where one can go on.
  var after: PartitionPosition

  init(_ kind: Kind, after before: PartitionPosition, resumesAt offset: Int64) {
    (self.kind, self.before) = (kind, before)
    after = PartitionPosition(
      next: offset, incarnation: before.incarnation + (kind == .recreated ? 1 : 0))
  }
}
