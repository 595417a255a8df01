import Bytes
import Foundation
import Language
import Model
import Query
import Store

/// Hands answers of schedules over to their targets.
struct Outputs: Sendable {
  let store: Store
  /// The directory of files; empty for none.
  let directory: String
  let webhooks: Webhooks

  /// Of an answer that a webhook gets.
  static let maxWebhookBytes = 16 << 20

  /// Why a target would be refused, as far as that is known before there is an answer; nil where it is taken.
  func refusal(of target: Target) -> String? {
    switch target {
    case .stream: nil
    case .file: directory.isEmpty ? OutputFile.noDirectory : nil
    case .webhook(let options): webhooks.refusal(of: options)
    case .kafka: nil
    }
  }

  /// Returns when the target has all of it for good. Throws ``OutputRefusal`` when it is of no use to try again, and anything
  /// else when it is. O(values of the answer).
  func write(
    _ answer: Answer, of run: ScheduleRun, _ schedule: ScheduleInfo,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    let target: Target
    do throws(LanguageError.Issue) { target = try Target(schedule.definition.target) } catch {
      throw OutputRefusal(error.message)
    }
    switch target {
    case .stream(let name): try append(answer, of: run, to: name)
    case .file(let path, let format):
      let zone = try ZoneRules(named: schedule.definition.timeZone?.value ?? "UTC")
      let name = OutputFile.name(path, localNs: zone.localNs(at: run.boundaryNs))
      try OutputFile.write(AnswerRenderer(format).bytes(answer), to: name, in: directory)
    case .webhook(let options):
      let body = Self.body(answer, of: run)
      if body.count > Self.maxWebhookBytes {
        throw OutputRefusal(
          "the answer has \(SizeText(bytes: body.count)), and a webhook gets \(SizeText(bytes: Self.maxWebhookBytes)) "
            + "at most; ask for less, or write a file")
      }
      try webhooks.send(body, id: run.id, to: options, isCancelled: isCancelled)
    case .kafka: throw OutputRefusal("an answer goes into a stream, a file or a webhook")
    }
  }

  /// The same bytes each time.
  private static func body(_ answer: Answer, of run: ScheduleRun) -> [UInt8] {
    var answer = answer
    answer.meta.elapsedSeconds = nil
    return jsonObject {
      $0.field("id", run.id)
      $0.field("schedule", run.key.name)
      $0.field("version", Int64(run.key.version))
      $0.field("boundary", timeNs: run.boundaryNs)
      $0.field("answer", json: AnswerRenderer(.json).bytes(answer))
    }
  }

  /// Appends a row an event, each under an id of its own: what is appended again is there already.
  private func append(_ answer: Answer, of run: ScheduleRun, to stream: String) throws {
    let (id, time) = (ScheduleOutput.idField, ScheduleOutput.timeField)
    if let column = answer.columns.first(where: { [id, time].contains($0.name) }) {
      throw OutputRefusal(
        "the answer has a column \(column.name), which rows of schedules have of their own; rename it with AS"
      )
    }
    let lines = AnswerRenderer(.ndjson).bytes(answer).split(separator: UInt8(ascii: "\n"))
    guard lines.count == answer.rowCount else {
      throw OutputRefusal("the answer has no rows that a stream could take")
    }
    let documents = lines.enumerated().map { row, line in
      var document = Array("{\"\(id)\":".utf8)
      document.append(jsonString: "\(run.id)/\(row)")
      document += Array(",\"\(time)\":\"\(Timestamp(ns: run.boundaryNs))\",".utf8)
      return document + line.dropFirst()
    }
    try append(
      documents, to: StreamDefinition(name: stream, timePath: time, idPath: id),
      source: "schedule \(run.key.name)")
  }

  /// Appends documents to a stream that tells them by their ids, and makes it if there is none. Throws as `write`.
  func append(
    _ documents: [[UInt8]], to stream: StreamDefinition, source: String
  ) throws {
    try make(stream)
    if documents.isEmpty { return }
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: Int64(documents.count))
    for (row, document) in documents.enumerated() {
      batch.documents.append(
        DocumentRange(
          start: UInt32(batch.bytes.count), byteCount: UInt32(document.count), position: Int64(row))
      )
      batch.bytes += document
    }
    let result = try store.append(batch, to: stream.name, source: source, actor: "nilo")
    if let rejected = result.rejected.first {
      throw OutputRefusal(
        "stream \(stream.name) rejects \(result.rejected.count) of \(documents.count) rows, the first: "
          + "\(rejected.reason)")
    }
  }

  private func make(_ stream: StreamDefinition) throws {
    let id = stream.idPath ?? ""
    if let fault = store.faultOfName(stream.name) { throw OutputRefusal(fault) }
    do {
      if store.definition(of: stream.name) == nil { try store.define(stream) }
    } catch is StreamExistsError {
    } catch let error as KpiError {
      throw OutputRefusal("\(error)")
    }
    guard store.definition(of: stream.name)?.idPath == id else {
      throw OutputRefusal(
        "stream \(stream.name) does not tell by \(id) what it has already: ALTER STREAM "
          + "\(Name(stream.name).canonicalText) DEDUP BY \(id)")
    }
  }
}

/// A target does not take an answer, however often it is tried.
struct OutputRefusal: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// A target does not take an answer now.
struct OutputFailure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
