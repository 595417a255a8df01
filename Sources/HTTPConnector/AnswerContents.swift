import Bytes
import FileConnector
import Model

/// What is made of answers: documents, and the streams that they go to.
public struct AnswerContents: Sendable {
  public var format: FileFormat
  public var mapping: DocumentMapping
  /// The stream that a document goes to; nil when it names none.
  public var stream: @Sendable ([UInt8]) -> String?
  /// The stream that the ledger has documents under which name none, and why one of them is refused.
  public var stray: (stream: String, reason: @Sendable ([UInt8]) -> String)

  /// JSON, each document as it is.
  public init(
    format: FileFormat = .json, mapping: DocumentMapping = DocumentMapping(),
    stray: (stream: String, reason: @Sendable ([UInt8]) -> String),
    stream: @escaping @Sendable ([UInt8]) -> String?
  ) {
    (self.format, self.mapping) = (format, mapping)
    (self.stray, self.stream) = (stray, stream)
  }

  /// Documents for one stream, in one commit.
  struct StreamBatch {
    var stream: String
    var documents = DocumentBatch(bytes: [], documents: [], endPosition: 0)
  }

  /// What a whole answer has.
  struct Contents {
    /// Records, as pages count them: what is made of one of them may be several documents.
    var recordCount = 0
    /// In the order of the first document of each stream; the same for the same bytes.
    var batches: [StreamBatch] = []
    /// The position after the last document.
    var nextRecord: Int64
    /// Where the documents of each stream go.
    fileprivate var places: [String: Int] = [:]

    init(nextRecord: Int64) { self.nextRecord = nextRecord }
  }

  /// Cuts a body into documents with positions from `first` on. Throws ``PollFailure``, which does not name the answer, when
  /// it is not what was said. O(bytes).
  func documents(of body: [UInt8], from first: Int64) throws(PollFailure) -> Contents {
    var contents = Contents(nextRecord: first)
    // What nothing was said of is documents as a file has them: one, an array of them, or one behind the other.
    guard format == .json, mapping.takesParts else {
      try cut(body, into: &contents)
      return contents
    }
    guard body.contains(where: { !Byte.isSpace($0) }) else { return contents }
    let records: [Range<Int>]
    do throws(MappingFault) { records = try mapping.records(in: body) } catch {
      throw PollFailure("\(error)")
    }
    for record in records { add(body, record, to: &contents) }
    return contents
  }

  /// Adds lines that have come of an endless answer.
  func add(_ batch: DocumentBatch, to contents: inout Contents) {
    contents.recordCount += batch.documents.count + batch.refused.count
    let mapped = batch.mapped(by: mapping)
    for range in mapped.documents {
      let start = Int(range.start)
      put(Array(mapped.bytes[start..<start + Int(range.byteCount)]), into: &contents)
    }
    for refused in mapped.refused { refuse(refused.head, refused.reason, in: &contents) }
  }

  private func cut(_ body: [UInt8], into contents: inout Contents) throws(PollFailure) {
    do throws(BodyError) {
      var reader = try BodyReader(format)
      reader.add(body)
      reader.finish()
      while let chunk = try reader.next() { add(chunk.documents(), to: &contents) }
    } catch {
      throw PollFailure("\(error)")
    }
  }

  private func add(_ body: [UInt8], _ record: Range<Int>, to contents: inout Contents) {
    contents.recordCount += 1
    do throws(MappingFault) {
      for document in try mapping.documents(of: body, record) { put(document, into: &contents) }
    } catch {
      refuse(Array(body[record]), "\(error)", in: &contents)
    }
  }

  private func put(_ document: [UInt8], into contents: inout Contents) {
    guard let stream = stream(document) else {
      return refuse(document, stray.reason(document), in: &contents)
    }
    let place = contents.place(of: stream)
    contents.batches[place].documents.append(document, at: contents.nextRecord)
    contents.moveOn(place)
  }

  private func refuse(_ document: [UInt8], _ reason: String, in contents: inout Contents) {
    let place = contents.place(of: stray.stream)
    contents.batches[place].documents.refuse(document, reason, at: contents.nextRecord)
    contents.moveOn(place)
  }
}

extension AnswerContents.Contents {
  /// A batch is one commit, and is not much larger than that of others.
  private static let maxBatchBytes = 16 << 20

  fileprivate mutating func place(of stream: String) -> Int {
    if let place = places[stream] {
      let batch = batches[place].documents
      if batch.documents.count + batch.refused.count < Limits.maxBlockEvents,
        batch.bytes.count < Self.maxBatchBytes
      {
        return place
      }
    }
    places[stream] = batches.count
    batches.append(AnswerContents.StreamBatch(stream: stream))
    return batches.count - 1
  }

  /// What `find` finds in the last document that has it: one that came after need not, such as a sign of life. O(documents
  /// that have none + their bytes).
  func last<Found>(_ find: ([UInt8]) -> Found?) -> Found? {
    var latest: (position: Int64, found: Found)?
    for batch in batches.map(\.documents) {
      for range in batch.documents.reversed() {
        if let latest, latest.position > range.position { break }
        let start = Int(range.start)
        if let found = find(Array(batch.bytes[start..<start + Int(range.byteCount)])) {
          latest = (range.position, found)
          break
        }
      }
    }
    return latest?.found
  }

  fileprivate mutating func moveOn(_ place: Int) {
    nextRecord += 1
    batches[place].documents.endPosition = nextRecord
  }
}

private enum Byte {
  static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x0A, 0x0D, 0x09].contains(byte) }
}
