import Language
import Model

/// The state of the log that a query asks about: with AS OF an earlier one, with the KPIs that there were then.
struct AskedState {
  /// The last event of the state; nil for the latest.
  private(set) var seq: UInt64?
  private(set) var catalogue: CatalogueSnapshot
  private(set) var notes: [String] = []

  init(_ select: Select, _ run: StatementRun) throws {
    catalogue = run.catalogue
    guard let asOf = select.asOf else { return }
    switch asOf {
    case .seq(let seq):
      if seq.value > catalogue.lastSeq {
        notes.append("the log has events up to seq \(catalogue.lastSeq) only")
      }
      self.seq = seq.value
    case .time(let time): seq = try Self.seq(receivedBy: time, select, run, &notes)
    }
    guard let asked = seq, asked < catalogue.lastSeq else {
      seq = nil
      return
    }
    catalogue.kpis = try run.store.kpis(asOf: asked)
    try checkTarget(select, run, asked)
    try setState(of: select.from, run, asked)
  }

  /// AS OF and a time means what the log had received by then, which is said: event time is another thing.
  private static func seq(
    receivedBy time: TimeExpression, _ select: Select, _ run: StatementRun, _ notes: inout [String]
  ) throws -> UInt64 {
    let kpi = run.catalogue.kpis.first { $0.name == select.from.text && $0.isActive }
    let zone = select.timeZone?.value ?? kpi?.timeZone ?? run.options.timeZone ?? "UTC"
    let rules: ZoneRules
    do throws(UnknownZoneError) { rules = try ZoneRules(named: zone) } catch {
      throw run.error(select.timeZone?.span ?? select.from.span, error.description)
    }
    let times = TimeResolver(
      zone: rules, nowNs: run.options.nowNs, parameters: run.options.parameters)
    let ns: Int64
    do throws(LanguageError.Issue) { ns = try times.ns(time) } catch {
      throw LanguageError(issues: [error], text: run.text)
    }
    if let note = times.note(time) { notes.append(note) }
    let seq = try run.store.seq(receivedBy: ns)
    let start = "AS OF \(time.canonicalText) is a time of arrival: "
    if seq > 0 {
      notes.append(start + "what was received up to \(Timestamp(ns: ns)), which is seq \(seq)")
    } else if let first = try run.store.receivedNs(ofSeq: 1) {
      notes.append(
        start
          + "nothing was received up to \(Timestamp(ns: ns)), the first event of the log came at "
          + "\(Timestamp(ns: first))")
    }
    return seq
  }

  /// What was not there yet cannot be asked.
  private func checkTarget(_ select: Select, _ run: StatementRun, _ seq: UInt64) throws {
    let name = select.from.text
    if catalogue.streams.contains(where: { $0.name == name }) { return }
    let then = catalogue.kpis.filter { $0.name == name }
    if !then.isEmpty, select.version.map({ $0.value > (then.map(\.version).max() ?? 0) }) != true {
      return
    }
    let changes = try run.store.history().filter { $0.name == name }
    let makes = ["DEFINE KPI", "REDEFINE KPI"]
    let next = changes.first {
      $0.seq > seq && makes.contains($0.change)
        && (select.version == nil || $0.version == select.version?.value)
    }
    // Without one the name or the version has never been there.
    guard let next else { return }
    let dropped = changes.last { $0.seq <= seq && $0.change == "DROP KPI" }
    let what = then.isEmpty ? "KPI \(name)" : "version \(next.version ?? 0) of KPI \(name)"
    let since =
      "it was defined by seq \(next.seq), at \(Timestamp(ns: next.timeNs)), by \(next.actor)"
    let past = dropped.map { ", after it had been dropped by seq \($0.seq)" } ?? ""
    throw run.error(
      then.isEmpty ? select.from.span : select.version?.span ?? select.from.span,
      "\(what) did not exist as of seq \(seq)", hint: since + past)
  }

  /// Range and watermark of the stream are those of then.
  private mutating func setState(of name: Name, _ run: StatementRun, _ seq: UInt64) throws {
    let target: (stream: StreamInfo, kpi: KpiInfo?)
    // What is wrong with the name is said where it is looked up.
    do throws(LanguageError.Issue) { target = try catalogue.target(name) } catch { return }
    let state = try run.store.state(ofStream: target.stream.name, asOf: seq)
    func set(_ stream: inout StreamInfo) {
      (stream.timesNs, stream.watermarkNs) = (state.timesNs, state.watermarkNs)
    }
    if let index = catalogue.streams.firstIndex(where: { $0.name == target.stream.name }) {
      set(&catalogue.streams[index])
    } else if let index = catalogue.system.firstIndex(where: { $0.name == target.stream.name }) {
      set(&catalogue.system[index])
    }
    if state.timesNs == nil {
      notes.append("as of seq \(seq) the stream \(target.stream.name) had no events")
    }
    if let kpi = target.kpi, kpi.isDropped {
      notes.append("KPI \(kpi.name) has been dropped since; its rows are computed from the events")
    }
  }
}
