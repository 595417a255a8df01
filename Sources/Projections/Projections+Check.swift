import EventLog
import LMDB
import Model

extension Projections {
  /// Reads every page of cells of the KPIs that are filled: its checksum, and that all facts of the stream are in the cells
  /// of a KPI that takes all of them. Adds what is wrong to `damages`; gives the count of cells. O(cells).
  package func check(_ damages: inout [DamageError]) throws -> Int {
    try log.environment.read { transaction in
      var count = 0
      checkEntries(tables.cells, transaction, &damages, PageKey.requireSound)
      checkEntries(tables.series, transaction, &damages, SeriesKey.requireSound)
      checkRecords(transaction, &damages)
      for live in try kpis(transaction) {
        guard let checkpointed = try checkpointed(live, transaction) else { continue }
        let name = live.kpi.definition.name
        var facts: UInt64 = 0
        func add(_ headers: [CellHeader]) {
          count += headers.count
          facts += headers.reduce(0) { $0 + $1.facts }
        }
        do {
          let stored = CellReader(tables, live.kpi, checkpointed.generation)
          var columns = CellColumns(live.kpi.plan)
          try stored.forEach(.min..<Int64.max, into: &columns, transaction, code: { _, _ in 0 }) {
            _, _, columns in
            if columns.count < 1_024 { return }
            add(columns.headers)
            columns = CellColumns(live.kpi.plan)
          }
          add(columns.headers)
        } catch let damage as DamageError {
          damages.append(
            DamageError(what: "KPI \(name), \(damage.what)", isOfCells: damage.isOfCells))
          continue
        }
        let stream = try log.stream(named: live.kpi.definition.stream, transaction)
        let later = try log.blocks(
          of: stream, after: checkpointed.seq, limit: .max, transaction)
        let known =
          try log.position(of: live.kpi.definition.stream, transaction).facts
          - later.reduce(0) { $0 + UInt64($1.factCount) }
        if live.kpi.definition.filter == nil, facts != known {
          damages.append(
            DamageError(what: "KPI \(name) has \(facts) facts of \(known)", isOfCells: true))
        }
      }
      return count
    }
  }

  /// Reads every entry of a table, whatever KPI it belongs to: a key that is damaged may be no KPI's. O(entries).
  private func checkEntries(
    _ table: Table, _ transaction: borrowing ReadTransaction, _ damages: inout [DamageError],
    _ requireSound: (RawSpan, RawSpan) throws -> Void
  ) {
    do {
      var cursor = try transaction.cursor(table)
      while try cursor.next() {
        do {
          try requireSound(cursor.key, cursor.value)
        } catch let damage as DamageError {
          damages.append(damage)
        }
      }
    } catch {
      damages.append(DamageError(what: "\(error)"))
    }
  }

  private func checkRecords(
    _ transaction: borrowing ReadTransaction, _ damages: inout [DamageError]
  ) {
    do {
      var cursor = try transaction.cursor(records)
      while try cursor.next() {
        if Checkpoint.isKey(cursor.key) {
          _ = try Checkpoint(cursor.value, key: cursor.key)
        } else {
          _ = try KpiRecord(cursor.value, key: cursor.key)
        }
      }
    } catch let damage as DamageError {
      damages.append(damage)
    } catch {
      damages.append(DamageError(what: "\(error)"))
    }
  }
}
