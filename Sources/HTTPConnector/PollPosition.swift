import Bytes

/// How far a source has got: what its next request asks for, and what its last one has brought. Noted with the events.
struct PollPosition: Equatable {
  /// The number of the next record.
  var nextRecord: Int64 = 0
  /// The page to ask for next.
  var page = PageRequest.first
  /// Whether pages before it are of the same poll.
  var isWithinPoll = false
  /// When the last poll began, in nanoseconds since 1970.
  var polledNs: Int64?
  /// Of the first page.
  var validators: Validators?
  /// The hash of the last answer, if it was all of its poll.
  var answerHash: String?
  /// An answer that is not committed as a whole.
  var begun: Begun?

  /// So many batches of the answer with this hash are committed.
  struct Begun: Equatable {
    var hash: String
    var batchCount: Int
  }

  var text: [UInt8] {
    jsonObject { json in
      json.field("next", nextRecord)
      switch page {
      case .first: break
      case .url(let url): json.field("url", url)
      case .cursor(let cursor): json.field("cursor", cursor)
      case .number(let number): json.field("number", Int64(number))
      }
      if isWithinPoll { json.field("within", true) }
      if let polledNs { json.field("polled_ns", polledNs) }
      if let etag = validators?.etag { json.field("etag", etag) }
      if let date = validators?.lastModified { json.field("last_modified", date) }
      if let answerHash { json.field("answer", answerHash) }
      if let begun {
        json.field("begun", begun.hash)
        json.field("batches", Int64(begun.batchCount))
      }
    }
  }

  init() {}

  /// Reads back what ``text`` has written; nil when it is something else.
  init?(_ text: [UInt8]) {
    guard let json = try? JSONReader.value(text), let next = json["next"]?.integer, next >= 0
    else { return nil }
    nextRecord = next
    if let url = json["url"]?.string {
      page = .url(url)
    } else if let cursor = json["cursor"]?.string {
      page = .cursor(cursor)
    } else if let number = json["number"]?.integer {
      page = .number(Int(number))
    }
    isWithinPoll = json["within"]?.bool == true
    polledNs = json["polled_ns"]?.integer
    let (etag, lastModified) = (json["etag"]?.string, json["last_modified"]?.string)
    if etag != nil || lastModified != nil {
      validators = Validators(etag: etag, lastModified: lastModified)
    }
    answerHash = json["answer"]?.string
    if let hash = json["begun"]?.string, let count = json["batches"]?.integer {
      begun = Begun(hash: hash, batchCount: Int(count))
    }
  }
}
