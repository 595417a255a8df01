import Bytes
import Language

/// SHOW of what was defined and changed.
extension StatementRun {
  func history(_ show: Show) throws -> Answer {
    let range = try range(of: show)
    let changes = try store.history().filter { $0.seq <= catalogue.lastSeq }
    if let name = show.from, !changes.contains(where: { $0.name == name.text }) {
      let names = Set(changes.map(\.name)).sorted()
      throw error(
        name.span, "nothing is known of \(name.text)",
        hint: Spelling.nearest(name.text, names).map { "did you mean \($0)?" }
          ?? "no stream or KPI has ever had that name")
    }
    var list = try PickedList(
      [
        "seq": .integer, "time": .time, "actor": .text, "change": .text, "name": .text,
        "version": .integer, "statement": .text,
      ], show, self)
    for change in changes
    where show.from.map({ $0.text == change.name }) ?? true && range.contains(change.timeNs) {
      let isWanted = try list.add(
        .count(change.seq), .time(change.timeNs), .text(change.actor), .text(change.change),
        .text(change.name), change.version.map { .integer(Int64($0)) } ?? .null,
        .text(change.statement))
      if !isWanted { break }
    }
    var answer = try list.answer()
    answer.meta.rangeNs = range
    return answer
  }

  /// All versions of KPIs, with who made them and when.
  func versions(_ show: Show) throws -> Answer {
    let changes = Dictionary(
      try store.history().map { ($0.seq, $0) }, uniquingKeysWith: { first, _ in first })
    var list = try PickedList(
      [
        "kpi": .text, "version": .integer, "active": .boolean, "seq": .integer, "time": .time,
        "actor": .text, "stream": .text, "definition": .text, "filled %": .integer,
      ], show, self)
    for kpi in try listedKpis(show) {
      let change = changes[kpi.seq]
      try list.add(
        .text(kpi.name), .integer(Int64(kpi.version)), .bool(kpi.isActive), .count(kpi.seq),
        .time(optional: change?.timeNs), .text(optional: change.map { Text($0.actor) }),
        .text(kpi.stream),
        .text(definitionText(kpi)), .integer(try filling(of: kpi).percent))
    }
    return try list.answer()
  }

  /// The statements that make what has the name: a stream, or a KPI as it is asked now, a schedule, an alert.
  func creation(_ show: Show) throws -> Answer {
    guard let name = show.from else { throw StatementError("SHOW CREATE needs a name") }
    var list = ListAnswer(["name": .text, "statement": .text])
    for described in try described(name) {
      let statement: String
      switch described {
      case .stream(let stream):
        if catalogue.isSystem(stream.name) {
          throw error(name.span, "\(stream.name) is always there, and made by no statement")
        }
        statement = stream.statement
      case .kpi(let kpi): statement = kpi.statement
      case .schedule(let schedule): statement = schedule.statement
      case .alert(let alert): statement = alert.statement
      case .source(let source): statement = source.statement
      case .sink(let sink): statement = sink.statement
      }
      list.add(.text(name.text), .text(statement))
    }
    return list.answer(catalogue)
  }
}
