import Bytes
import EventLog
import Foundation
import Language
import Model
import Projections
import Query
import Store

/// Computes a receipt's answer again from its events alone: in a store of its own, which has the stream and the KPI as the receipt
/// says that they were, and nothing else.
struct Recomputation {
  let receipt: Receipt
  let events: [ProvenEvent]

  /// Columns that say how sure a row was at the time, and not what it is.
  private static let columnsOfThen = ["revision"]

  /// The first row that has other values; nil when all have the same. Throws what stands in the way of computing it. O(bytes).
  func difference() throws -> String? {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "nilo-audit-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let store = try Store(directory: directory.path)
    defer { store.close() }
    try fill(store)
    return try difference(in: store)
  }

  private func fill(_ store: Store) throws {
    let document = CatalogueDocument(seq: receipt.stream.leaf.seq, receipt.stream.document)
    guard let then = StreamDefinition(document) else {
      throw AuditError("the receipt's definition of the stream is none")
    }
    // Without a dedup id: all of the events are there, once.
    var stream = StreamDefinition(
      name: then.name, timePath: then.timePath, keyPath: then.keyPath,
      explodePath: then.explodePath, elementTimePath: then.elementTimePath)
    (stream.timeZone, stream.timeUnit) = (then.timeZone, then.timeUnit)
    (stream.timeFormat, stream.latenessNs) = (then.timeFormat, then.latenessNs)
    _ = try store.log.define(stream)
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: 0)
    for (index, event) in events.enumerated() {
      batch.documents.append(
        DocumentRange(
          start: UInt32(batch.bytes.count), byteCount: UInt32(event.document.count),
          position: Int64(index)))
      batch.bytes += event.document
    }
    let result = try store.append(batch, to: stream.name, source: "receipt")
    guard result.accepted == events.count else {
      throw AuditError(
        "\(events.count - result.accepted) of the receipt's events are none of stream \(stream.name)"
      )
    }
    if let kpi = receipt.kpi {
      let document = CatalogueDocument(seq: kpi.leaf.seq, kpi.document)
      guard let definition = try KpiDefinition(document) else {
        throw AuditError("the receipt's definition of the KPI is none")
      }
      _ = try store.projections.define(definition, actor: "receipt")
    }
  }

  private func difference(in store: Store) throws -> String? {
    let engine = QueryEngine(store)
    let options = QueryOptions(nowNs: receipt.nowNs)
    guard case .select(var select)? = try engine.statements(of: receipt.query, options).first?.body
    else { throw AuditError("the receipt's query is no SELECT") }
    // What was known then is all there is here.
    (select.asOf, select.version, select.isOnlyFinal) = (nil, nil, false)
    let text = Statement(.select(select)).canonicalText
    let known = try AnswerRows(receipt.answer)
    let answer = try engine.run(text, options)[0]
    let computed = try AnswerRows(JSONReader.value(AnswerRenderer(.json).bytes(answer)))
    guard known.rows.count == computed.rows.count else {
      return "the answer has \(known.rows.count) rows, and the events give \(computed.rows.count)"
    }
    for row in known.rows.indices {
      for (index, column) in known.columns.enumerated()
      where column.type != "state" && !Self.columnsOfThen.contains(column.name) {
        let value = known.rows[row][index]
        let again = computed.value(column.name, ofRow: row)
        if value != again {
          func shown(_ value: JSONValue?) -> String {
            value.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "nothing"
          }
          return
            "row \(row + 1) has the \(column.name) \(shown(value)), and its events give \(shown(again))"
        }
      }
    }
    return nil
  }
}
