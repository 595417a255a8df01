import Bytes
import Language
import Model

/// Statements about sinks.
extension StatementRun {
  /// What can be said of a sink with a place in the text.
  func check(_ sink: DefineSink) throws {
    if try store.sinks().contains(where: { $0.name == sink.name.text }) {
      throw error(
        sink.name.span, "there is a sink \(sink.name.text) already",
        hint: "DROP SINK \(sink.name.canonicalText) first, or take another name")
    }
    let (stream, kpi) = try target(sink.kpi)
    guard let kpi else {
      throw error(
        sink.kpi.span, "\(sink.kpi.text) is a stream, and a sink takes the rows of a KPI",
        hint: "DEFINE KPI first; its rows go on once their bucket is final")
    }
    switch try place(of: sink.target) {
    case .webhook, .kafka: break
    case .file:
      throw error(
        sink.target.span, "a sink feeds a stream, a webhook or a topic of Kafka",
        hint: "a schedule writes files: DEFINE SCHEDULE ... INTO file('name.csv')")
    case .stream(let name): try check(sink.target, stream: name, of: kpi, from: stream)
    }
  }

  private func check(
    _ target: TargetCall, stream name: String, of kpi: KpiInfo, from source: StreamInfo
  ) throws {
    if catalogue.isSystem(name) || catalogue.kpis.contains(where: { $0.name == name }) {
      throw error(target.argument.span, "\(name) is no stream that rows can go to")
    }
    if name == source.name {
      throw error(
        target.argument.span, "KPI \(kpi.name) is computed from stream \(name) itself",
        hint: "name another stream, which is made when there is none")
    }
    let columns = (kpi.groupBy + kpi.items.map(\.name)).map(\.description)
    if let taken = columns.first(where: SinkOutput.fields.contains) {
      throw error(
        target.span, "KPI \(kpi.name) has a column \(taken), which rows of sinks have of their own",
        hint: "REDEFINE KPI with another name for it")
    }
    guard let stream = catalogue.streams.first(where: { $0.name == name }) else { return }
    guard stream.dedupPaths == [Text(SinkOutput.idField)] else {
      throw error(
        target.argument.span,
        "stream \(name) does not tell by \(SinkOutput.idField) what it has already",
        hint: "name a stream that is not there yet, or ALTER STREAM "
          + "\(Name(name).canonicalText) DEDUP BY \(SinkOutput.idField)")
    }
  }

  func defineSink(_ sink: DefineSink, _ span: TextSpan) throws -> Answer {
    try check(sink)
    try writableStore(span).defineSink(sink)
    var answer = Answer(message: "sink \(sink.name.text) is defined")
    answer.meta.notes.append("rows that become final from now on go there, by nilo serve")
    noteRefusal(of: sink.target, in: &answer)
    return answer
  }

  func sink(_ name: Name) throws -> SinkInfo {
    try find("sink", name, in: store.sinks(), \.name)
  }

  func dropSink(_ name: Name, _ span: TextSpan) throws -> Answer {
    let sink = try sink(name)
    try writableStore(span).dropSink(sink.name)
    return Answer(message: "sink \(sink.name) is dropped; what it has published stays")
  }

  func sinks(_ show: Show) throws -> Answer {
    var list = try PickedList(
      [
        "sink": .text, "version": .integer, "kpi": .text, "state": .text, "through_seq": .integer,
        "rows": .integer, "waiting_rows": .integer, "waiting_since": .time, "failure": .text,
        "target": .text, "statement": .text,
      ], show, self)
    for sink in try store.sinks() {
      try list.add(
        .text(sink.name), .integer(Int64(sink.version)), .text(sink.definition.kpi.text),
        .text(sink.state.rawValue), .integer(Int64(sink.throughSeq)), .integer(Int64(sink.rows)),
        .integer(Int64(sink.waitingRows)), .time(optional: sink.waitingSinceNs),
        .text(optional: sink.failure.map { Text($0) }),
        .text(sink.definition.target.canonicalText), .text(sink.statement))
    }
    return try list.answer()
  }
}
