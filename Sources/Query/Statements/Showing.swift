import Language
import Model

/// SHOW and DESCRIBE.
extension StatementRun {
  func show(_ show: Show) throws -> Answer {
    switch show.subject {
    case .streams: return try streams(show)
    case .kpis: return try kpis(show)
    case .versions: return try versions(show)
    case .fields: return try fields(show)
    case .dimensions: return try dimensions(show)
    case .watermark: return try watermarks(show)
    case .sources: return try sources(show)
    case .late: return try entries(.late, show)
    case .rejected: return try entries(.rejected, show)
    case .duplicates: return try entries(.duplicate, show)
    case .ahead: return try entries(.ahead, show)
    case .history: return try history(show)
    case .create: return try creation(show)
    case .schedules: return try schedules(show)
    case .alerts: return try alerts(show)
    case .sinks: return try sinks(show)
    }
  }

  /// The streams that a list is of.
  func listed(_ show: Show) throws -> [StreamInfo] {
    guard let name = show.from else { return catalogue.streams }
    return [try target(name).stream]
  }

  func target(_ name: Name) throws -> (stream: StreamInfo, kpi: KpiInfo?) {
    do throws(LanguageError.Issue) { return try catalogue.target(name) } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  private func streams(_ show: Show) throws -> Answer {
    var list = try PickedList(
      [
        "stream": .text, "events": .integer, "facts": .integer, "first": .time, "last": .time,
        "watermark": .time, "key": .text, "late": .integer, "ahead": .integer,
        "duplicates": .integer, "rejected": .integer,
      ], show, self)
    for stream in catalogue.streams {
      try list.add(
        .text(stream.name), .count(stream.events), .count(stream.facts),
        .time(optional: stream.timesNs?.lowerBound), .time(optional: stream.timesNs?.upperBound),
        .time(optional: stream.watermarkNs), .text(optional: stream.keyPath),
        .count(stream.late), .count(stream.ahead), .count(stream.duplicates),
        .count(stream.rejected))
    }
    return try list.answer()
  }

  /// All versions of the KPIs of a name, of a stream, or of all.
  func listedKpis(_ show: Show) throws -> [KpiInfo] {
    guard let name = show.from else { return catalogue.kpis }
    if let kpi = try target(name).kpi { return catalogue.kpis.filter { $0.name == kpi.name } }
    return catalogue.kpis.filter { $0.stream == name.text }
  }

  private func kpis(_ show: Show) throws -> Answer {
    var list = try PickedList(
      [
        "kpi": .text, "version": .integer, "active": .boolean, "stream": .text,
        "definition": .text, "filled %": .integer,
      ], show, self)
    for kpi in try listedKpis(show) where kpi.isActive {
      try list.add(
        .text(kpi.name), .integer(Int64(kpi.version)), .bool(kpi.isActive), .text(kpi.stream),
        .text(definitionText(kpi)), .integer(try filling(of: kpi).percent))
    }
    return try list.answer()
  }

  /// How much of the facts of its stream are in a KPI's cells, 100 only when all are, and how many wait to be added when it is
  /// asked.
  func filling(of kpi: KpiInfo) throws -> (percent: Int64, waitingFacts: Int) {
    if let progress = kpi.progress { return (min(99, Int64(progress * 100)), 0) }
    let waiting = try store.waitingFacts(ofKpi: kpi.name, version: kpi.version)
    if waiting == 0 { return (100, 0) }
    let facts = catalogue.streams.first { $0.name == kpi.stream }?.facts ?? 0
    let share = 1 - Double(waiting) / Double(max(facts, 1))
    return (min(99, max(0, Int64(share * 100))), waiting)
  }

  private func fields(_ show: Show) throws -> Answer {
    var list = try PickedList(
      ["stream": .text, "field": .text, "kind": .text, "column": .boolean], show, self)
    for stream in try listed(show) {
      for field in stream.fields {
        try list.add(
          .text(stream.name), .text(field.path), .text(field.kind.rawValue),
          .bool(field.hasColumn))
      }
    }
    return try list.answer()
  }

  private func dimensions(_ show: Show) throws -> Answer {
    var list = try PickedList(["of": .text, "dimension": .text, "kind": .text], show, self)
    if let name = show.from, let kpi = try target(name).kpi {
      for dimension in kpi.groupBy {
        try list.add(.text(kpi.name), .text(dimension), .text("text"))
      }
      return try list.answer()
    }
    for stream in try listed(show) {
      for field in stream.fields where field.isDimension {
        try list.add(.text(stream.name), .text(field.path), .text(field.kind.rawValue))
      }
    }
    return try list.answer()
  }

  private func watermarks(_ show: Show) throws -> Answer {
    var list = try PickedList(
      ["stream": .text, "watermark": .time, "lateness_s": .number, "behind_s": .number], show, self)
    for stream in try listed(show) {
      let behindNs = stream.watermarkNs.map { options.nowNs.saturatingSubtracting($0) }
      try list.add(
        .text(stream.name), .time(optional: stream.watermarkNs),
        .number(Double(stream.latenessNs) / 1e9),
        behindNs.map { .number((Double($0) / 1e9).rounded()) } ?? .null)
    }
    return try list.answer()
  }

  // MARK: DESCRIBE

  func describe(_ name: Name) throws -> Answer {
    var lines = PropertyLines()
    for described in try described(name) {
      switch described {
      case .stream(let stream): add(stream, to: &lines)
      case .kpi(let kpi): try add(kpi, to: &lines)
      case .schedule(let schedule): try add(schedule, to: &lines)
      case .alert(let alert): add(alert, to: &lines)
      case .source(let source): add(source, to: &lines)
      case .sink(let sink): add(sink, to: &lines)
      }
    }
    return lines.answer(catalogue)
  }

  private func add(_ stream: StreamInfo, to lines: inout PropertyLines) {
    lines.add("stream", stream.name)
    lines.add("version", "\(stream.version)")
    lines.add("time", stream.timePath)
    if let zone = stream.timeZone { lines.add("time zone", zone) }
    if let unit = stream.timeUnit { lines.add("time unit", unit) }
    if let format = stream.timeFormat { lines.add("time format", format) }
    if let key = stream.keyPath { lines.add("key", key) }
    if !stream.dedupPaths.isEmpty {
      lines.add("dedup by", stream.dedupPaths.joined(separator: ", "))
      lines.add("dedup window", TimeLength.text(ns: stream.dedupWindowNs))
    }
    if let path = stream.explodePath { lines.add("explode", path) }
    if let path = stream.elementTimePath { lines.add("element time", path) }
    lines.add("lateness", TimeLength.text(ns: stream.latenessNs))
    if let seq = stream.factsSinceSeq { lines.add("facts read anew", "at seq \(grouped(seq))") }
    lines.add("events", grouped(stream.events))
    lines.add("facts", grouped(stream.facts))
    if let times = stream.timesNs {
      lines.add("first", Timestamp(ns: times.lowerBound).description)
      lines.add("last", Timestamp(ns: times.upperBound).description)
    }
    if let watermark = stream.watermarkNs {
      lines.add("watermark", Timestamp(ns: watermark).description)
    }
    for field in stream.fields {
      lines.add("field \(field.path)", field.kind.rawValue + (field.hasColumn ? "" : ", no column"))
    }
    for kpi in catalogue.kpis where kpi.stream == stream.name && kpi.isActive {
      lines.add("KPI \(kpi.name)", definitionText(kpi))
    }
  }

  private func add(_ kpi: KpiInfo, to lines: inout PropertyLines) throws {
    lines.add("KPI", kpi.name)
    let versions = catalogue.kpis.filter { $0.name == kpi.name }.map { "\($0.version)" }
    lines.add("version", "\(kpi.version) of \(versions.joined(separator: ", "))")
    lines.add("stream", kpi.stream)
    for item in kpi.items {
      lines.add("item \(item.name)", item.expression.canonicalText)
      if let meaning = kpi.meanings[item.name] {
        lines.add("meaning of \(item.name)", meaning.canonicalText)
      }
    }
    if let filter = kpi.filter { lines.add("where", filter.canonicalText) }
    for dimension in kpi.dimensions { lines.add("dimension", dimension.canonicalText) }
    lines.add("every", "\(kpi.every)")
    if let rolling = kpi.rolling { lines.add("rolling", "\(rolling)") }
    lines.add("time zone", kpi.timeZone)
    lines.add("lateness", TimeLength.text(ns: kpi.latenessNs))
    let filling = try filling(of: kpi)
    if filling.percent < 100 { lines.add("filled", "\(filling.percent) %") }
    if filling.waitingFacts > 0 {
      let facts = filling.waitingFacts == 1 ? "fact is" : "facts are"
      lines.add(
        "waiting", "\(grouped(UInt64(filling.waitingFacts))) \(facts) added when it is asked")
    }
    if let failure = kpi.failure { lines.add("filling failed", failure) }
  }
}

extension StreamInfo.Field {
  /// Whether one would group by it.
  fileprivate var isDimension: Bool {
    hasColumn && (kind == .text || kind == .boolean || kind == .mixed)
  }
}

extension StatementRun {
  /// What a KPI computes, as DEFINE KPI has it; its lateness is left out where it is that of the stream.
  func definitionText(_ kpi: KpiInfo) -> String {
    var text = kpi.items.map(\.canonicalText).joined(separator: ", ")
    if let filter = kpi.filter { text += " WHERE \(filter.canonicalText)" }
    if !kpi.groupBy.isEmpty {
      text += " GROUP BY " + kpi.dimensions.map(\.canonicalText).joined(separator: ", ")
    }
    text += " EVERY \(kpi.every)"
    if let rolling = kpi.rolling { text += " ROLLING \(rolling)" }
    text += " TIME ZONE '\(kpi.timeZone)'"
    let stream = catalogue.streams.first { $0.name == kpi.stream }
    if stream?.latenessNs == kpi.latenessNs { return text }
    // The language has whole seconds.
    let wholeNs = kpi.latenessNs.saturatingAdding(999_999_999) / 1_000_000_000 * 1_000_000_000
    return text + " LATENESS \(TimeLength(ns: wholeNs).canonicalText)"
  }
}
