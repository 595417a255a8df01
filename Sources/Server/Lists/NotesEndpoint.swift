import Bytes
import Foundation
import HTTPTypes
import Hummingbird
import Model
import Query
import Store

/// Notes that people write beside the numbers: what happened then, and who says so.
struct NotesEndpoint: Sendable {
  let store: Store
  let pool: BlockingPool
  let settings: ServerSettings
  let clock: @Sendable () -> Int64

  private static let maxBodyBytes = 1 << 16

  /// `GET /v1/notes`: by their times, those that touch the range, of a KPI and of all.
  func list(_ request: Request, _ context: ServerContext) async throws -> Response {
    let paging = try Paging(request, fieldCount: 2)
    let since = try request.timeParameter("since") ?? .min
    let until = try request.timeParameter("until") ?? .max
    let kpi = request.queryParameter("kpi")
    let (snapshot, notes) = try await pool.run { [store] in
      (try store.snapshot(), try store.notes())
    }
    if let kpi { try context.require(kpi: kpi, snapshot) }
    let start = paging.start.flatMap { fields in
      Int64(fields[0]).flatMap { from in UInt64(fields[1]).map { (from, $0) } }
    }
    let shown = notes.filter { note in
      note.fromNs < until && (note.untilNs ?? note.fromNs) >= since
        && (kpi == nil || note.kpi == nil || note.kpi == kpi)
        && (note.kpi.map { context.mayAsk($0, snapshot) } ?? true)
        && (start.map { $0 < (note.fromNs, note.seq) } ?? true)
    }
    let page = shown.prefix(paging.limit)
    return .json { writer in
      writer.field("notes", array: page.map(\.json))
      let last = shown.count > page.count ? page.last : nil
      writer.field("next", optional: last.map { paging.cursor(["\($0.fromNs)", "\($0.seq)"]) })
    }
  }

  /// `POST /v1/notes`: `{"text", "time", "until", "kpi"}`, without a time of now.
  func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await request.collected(
      maxBytes: Self.maxBodyBytes, within: settings.limits.requestSeconds)
    let note = try NoteFields(body).note(nowNs: clock(), author: context.actor)
    let written = try await pool.run { [store] in
      try context.require(noteOf: note.kpi, store.snapshot())
      return try store.write(note)
    }
    return .json(written.json, status: .created)
  }

  /// `DELETE /v1/notes/{id}`
  func delete(_ request: Request, _ context: ServerContext) async throws -> Response {
    let id = try context.pathParameter("id")
    try await pool.run { [store] in
      guard let note = try store.notes().first(where: { $0.id == id }) else {
        throw Problem(.notFound, "there is no note \(id); GET /v1/notes lists those that there are")
      }
      try context.require(noteOf: note.kpi, store.snapshot())
      _ = try store.withdrawNote(id, by: context.actor)
    }
    return Response(status: .noContent)
  }
}

/// What a note is made of.
private struct NoteFields: Decodable {
  var text: String
  var time: String?
  var until: String?
  var kpi: String?

  /// The names of others.
  private var unknown: [String]

  private enum CodingKeys: String, CodingKey, CaseIterable { case text, time, until, kpi }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    text = try fields.decode(String.self, forKey: .text)
    time = try fields.decodeIfPresent(String.self, forKey: .time)
    until = try fields.decodeIfPresent(String.self, forKey: .until)
    kpi = try fields.decodeIfPresent(String.self, forKey: .kpi)
    unknown = try decoder.fields(besides: CodingKeys.self)
  }

  /// Throws a ``Problem``.
  init(_ body: [UInt8]) throws(Problem) {
    do {
      self = try JSONDecoder().decode(NoteFields.self, from: Data(body))
    } catch {
      throw Problem(
        .badRequest,
        "the body is no JSON object with text, and, if wanted, time, until and kpi, all of them texts"
      )
    }
    if let name = unknown.first {
      throw .unknown(
        "field", name, of: CodingKeys.allCases.map(\.rawValue), in: "the body")
    }
  }

  func note(nowNs: Int64, author: String) throws(Problem) -> Note {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    if text.isEmpty { throw Problem(.badRequest, "the note has no text") }
    if text.utf8.count > Note.maxTextBytes {
      throw Problem(.badRequest, "the text of a note has at most \(Note.maxTextBytes) bytes")
    }
    let from = try instant("time", time) ?? nowNs
    let end = try instant("until", until)
    if let end, end <= from {
      throw Problem(.badRequest, "the time of the note ends before it begins")
    }
    return Note(text, fromNs: from, untilNs: end, kpi: kpi, author: author)
  }

  private func instant(_ name: String, _ text: String?) throws(Problem) -> Int64? {
    guard let text else { return nil }
    if let ns = Moment.parse(text) { return ns }
    throw Problem.noTime(name, text)
  }
}

extension ServerContext {
  /// Throws a ``Problem`` when there is no such KPI, or whoever asks may not.
  fileprivate func require(kpi name: String, _ snapshot: CatalogueSnapshot) throws(Problem) {
    guard let kpi = snapshot.kpis.first(where: { $0.name == name }) else {
      throw Problem(.notFound, "there is no KPI \(name); GET /v1/kpis lists those that there are")
    }
    try require(kpi)
  }

  /// Who writes for some streams alone writes of their KPIs.
  fileprivate func require(noteOf kpi: String?, _ snapshot: CatalogueSnapshot) throws(Problem) {
    if let kpi { return try require(kpi: kpi, snapshot) }
    if principal.streams == nil { return }
    throw Problem(
      .forbidden, "the token is for some streams, and a note without a KPI is of all of them")
  }
}

extension Note {
  /// As `GET /v1/notes` has it.
  fileprivate var json: [UInt8] {
    jsonObject { writer in
      writer.field("id", id)
      writer.field("text", text)
      writer.field("time", timeNs: fromNs)
      writer.field("until", timeNs: untilNs)
      writer.field("kpi", optional: kpi)
      writer.field("author", author)
      writer.field("written", timeNs: writtenNs)
      writer.field("seq", seq)
    }
  }
}
