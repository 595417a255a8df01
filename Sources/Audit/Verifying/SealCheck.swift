import Bytes
import EventLog
import Language
import Model
import Query
import Store

/// Computes sealed rows again from the events that they are of, and compares them.
struct SealCheck {
  private let store: Store
  private let isCancelled: @Sendable () -> Bool

  init(_ store: Store, _ isCancelled: @escaping @Sendable () -> Bool) {
    (self.store, self.isCancelled) = (store, isCancelled)
  }

  private struct Place: Hashable {
    var bucketNs: Int64
    var group: [UInt8]

    init(_ seal: Seal) { (bucketNs, group) = (seal.bucketNs, seal.group.bytes) }
  }

  /// O(events of `_seals` + facts of their rows). Throws `CancellationError`.
  func run(_ report: inout AuditReport) throws {
    // Rows until their range ends them, by definition and state. Those that a crash has cut off have no end.
    var waiting: [UInt64: [(seq: UInt64, seal: Seal)]] = [:]
    var ranges: [(range: SealedRange, rows: [(seq: UInt64, seal: Seal)])] = []
    do {
      try store.forEachEvent(of: StreamDefinition.seals.name) { event in
        if let seal = Seal(event.bytes) {
          waiting[seal.definitionSeq, default: []].append((event.seq, seal))
        } else if let range = SealedRange(event.bytes) {
          let rows = waiting.removeValue(forKey: range.definitionSeq) ?? []
          ranges.append((range, rows.filter { $0.seal.asOfSeq == range.throughSeq }))
        }
        return true
      }
    } catch let damage as DamageError {
      report.findings.append(.init("sealed rows cannot be read: \(damage.what)"))
      return
    }
    for (range, rows) in ranges {
      if isCancelled() { throw CancellationError() }
      try check(range, rows, &report)
    }
  }

  private func check(
    _ range: SealedRange, _ rows: [(seq: UInt64, seal: Seal)], _ report: inout AuditReport
  ) throws {
    let name = "KPI \(range.kpi) version \(range.version)"
    guard rows.count == range.rows else {
      report.findings.append(
        .init(
          "of \(name) \(rows.count) rows are sealed as of event \(range.throughSeq), and \(range.rows) should be"
        ))
      return
    }
    var left: [Place: (seq: UInt64, seal: Seal)] = [:]
    for row in rows { left[Place(row.seal)] = row }
    do {
      let kpi = try store.kpis(asOf: range.throughSeq).first { $0.seq == range.definitionSeq }
      guard let kpi else {
        report.findings.append(.init("rows of \(name) are sealed, which was not defined then"))
        return
      }
      try Sealer.forEachSeal(
        of: kpi, in: store, after: range.afterSeq, asOf: range.throughSeq, path: .columns,
        isCancelled
      ) { computed in
        guard let sealed = left.removeValue(forKey: Place(computed)) else {
          report.findings.append(
            .init("\(Self.text(computed)) was not sealed, and should have been"))
          return
        }
        report.sealedRows += 1
        if sealed.seal != computed {
          report.findings.append(
            .init(
              "\(Self.text(sealed.seal)) is not what its events give: \(String(decoding: computed.row.bytes, as: UTF8.self))",
              sealed.seq...sealed.seq))
        }
      }
      for (seq, seal) in left.values.sorted(by: { $0.seq < $1.seq }) {
        report.findings.append(.init("\(Self.text(seal)) has no events that give it", seq...seq))
      }
    } catch let error as CancellationError {
      throw error
    } catch {
      report.notes.append(
        "rows of \(name) as of event \(range.throughSeq) could not be computed again: \(error)")
    }
  }

  private static func text(_ seal: Seal) -> String {
    "a row of KPI \(seal.kpi) version \(seal.version), \(Timestamp(ns: seal.bucketNs)) "
      + "\(String(decoding: seal.group.bytes, as: UTF8.self)),"
  }
}
