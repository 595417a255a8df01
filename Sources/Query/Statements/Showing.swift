import Language
import Model

/// SHOW and DESCRIBE.
extension StatementRun {
  func show(_ show: Show) throws -> Answer {
    switch show.subject {
    case .streams: return streams()
    case .kpis, .versions: return try kpis(show)
    case .fields: return try fields(show, dimensionsOnly: false)
    case .dimensions: return try fields(show, dimensionsOnly: true)
    case .watermark: return try watermarks(show)
    case .sources: return try sources(show)
    case .late: return try entries(.late, show)
    case .rejected: return try entries(.rejected, show)
    }
  }

  /// The streams that a list is of.
  private func listed(_ show: Show) throws -> [StreamInfo] {
    guard let name = show.from else { return catalogue.streams }
    do throws(LanguageError.Issue) { return [try catalogue.target(name).stream] } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  private func streams() -> Answer {
    var list = ListAnswer()
    for stream in catalogue.streams {
      list.add("stream", .text(stream.name))
      list.add("events", .integer(Int64(clamping: stream.events)))
      list.add("facts", .integer(Int64(clamping: stream.facts)))
      list.add(time: "first", stream.timesNs?.lowerBound)
      list.add(time: "last", stream.timesNs?.upperBound)
      list.add(time: "watermark", stream.watermarkNs)
      list.add("key", stream.keyPath.map(QueryValue.text) ?? .null)
      list.add("late", .integer(Int64(clamping: stream.late)))
      list.add("duplicates", .integer(Int64(clamping: stream.duplicates)))
      list.add("rejected", .integer(Int64(clamping: stream.rejected)))
    }
    return list.answer(catalogue)
  }

  private func kpis(_ show: Show) throws -> Answer {
    var kpis = catalogue.kpis
    if let name = show.from {
      let isKpi = kpis.contains { $0.name == name.text }
      if show.subject == .versions, !isKpi { _ = try kpiTarget(name) }
      kpis = kpis.filter { isKpi ? $0.name == name.text : $0.stream == name.text }
      if !isKpi { _ = try listed(show) }
    }
    if show.subject == .kpis { kpis = kpis.filter(\.isActive) }
    var list = ListAnswer()
    for kpi in kpis {
      list.add("kpi", .text(kpi.name))
      list.add("version", .integer(Int64(kpi.version)))
      if show.subject == .versions { list.add("active", .bool(kpi.isActive)) }
      list.add("stream", .text(kpi.stream))
      list.add("definition", .text(kpi.definitionText))
      list.add("filled %", .integer(Int64((kpi.progress ?? 1) * 100)))
    }
    return list.answer(catalogue)
  }

  private func kpiTarget(_ name: Name) throws -> KpiInfo? {
    do throws(LanguageError.Issue) { return try catalogue.target(name).kpi } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  private func fields(_ show: Show, dimensionsOnly: Bool) throws -> Answer {
    if dimensionsOnly, let name = show.from, let kpi = try kpiTarget(name) {
      var list = ListAnswer()
      for dimension in kpi.groupBy {
        list.add("kpi", .text(kpi.name))
        list.add("dimension", .text(dimension))
      }
      return list.answer(catalogue)
    }
    var list = ListAnswer()
    for stream in try listed(show) {
      for field in stream.fields where !dimensionsOnly || field.isDimension {
        list.add("stream", .text(stream.name))
        list.add(dimensionsOnly ? "dimension" : "field", .text(field.path))
        list.add("kind", .text(field.kind.rawValue))
        if !dimensionsOnly { list.add("column", .bool(field.hasColumn)) }
      }
    }
    return list.answer(catalogue)
  }

  private func watermarks(_ show: Show) throws -> Answer {
    var list = ListAnswer()
    for stream in try listed(show) {
      list.add("stream", .text(stream.name))
      list.add(time: "watermark", stream.watermarkNs)
      list.add("lateness_s", .number(Double(stream.latenessNs) / 1e9))
      let behind = stream.watermarkNs.map { options.nowNs.saturatingSubtracting($0) }
      list.add("behind_s", behind.map { .number((Double($0) / 1e9).rounded()) } ?? .null)
    }
    return list.answer(catalogue)
  }

  private func sources(_ show: Show) throws -> Answer {
    var list = ListAnswer()
    for stream in try listed(show) {
      for source in stream.sources {
        list.add("stream", .text(stream.name))
        list.add("source", .text(source.name))
        list.add(time: "watermark", source.watermarkNs)
        list.add("state", .text(source.isOpen ? "open" : "closed"))
      }
    }
    return list.answer(catalogue)
  }

  /// Entries of the ledger.
  private func entries(_ kind: LedgerKind, _ show: Show) throws -> Answer {
    let stream = try show.from.map { _ in try listed(show)[0].name }
    let limit = show.limit?.rows ?? options.limits.maxRows
    let range = try range(of: show)
    var list = ListAnswer()
    var hasMore = false
    if limit == 0 { return list.answer(catalogue) }
    try source.ledger(kind, stream: stream, range) { entry in
      try checkCancelled()
      if list.count == limit {
        hasMore = true
        return false
      }
      list.add("seq", .integer(Int64(clamping: entry.seq)))
      list.add("received", .time(entry.receivedNs))
      list.add(time: "time", entry.timeNs)
      list.add("stream", .text(entry.stream))
      list.add("source", .text(entry.source))
      list.add("detail", .text(entry.detail))
      return true
    }
    var answer = list.answer(catalogue)
    if hasMore { answer.meta.notes.append("there are more") }
    answer.meta.rangeNs = range
    return answer
  }

  private func range(of show: Show) throws -> Range<Int64> {
    let times = TimeResolver(zone: .utc, nowNs: options.nowNs, parameters: options.parameters)
    do throws(LanguageError.Issue) {
      switch show.range {
      case nil: return .min ..< .max
      case .bounds(let since, let until):
        var (low, high) = (Int64.min, Int64.max)
        if let since { low = try times.ns(since) }
        if let until { high = try times.ns(until) }
        return low..<max(low, high)
      case .last(let length):
        return length.added(to: options.nowNs, times: -1, in: .utc)..<options.nowNs
      case .at(let time):
        let ns = try times.ns(time)
        return ns..<ns.saturatingSubtracting(-1)
      }
    } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  // MARK: DESCRIBE

  func describe(_ name: Name) throws -> Answer {
    do throws(LanguageError.Issue) {
      let (stream, kpi, note) = try catalogue.target(name)
      var answer = kpi.map { describe($0) } ?? describe(stream)
      if let note { answer.meta.notes.append(note) }
      return answer
    } catch {
      throw LanguageError(issues: [error], text: text)
    }
  }

  private func describe(_ stream: StreamInfo) -> Answer {
    var lines = PropertyLines()
    lines.add("stream", stream.name)
    lines.add("time", stream.timePath)
    if let key = stream.keyPath { lines.add("key", key) }
    if let id = stream.dedupPath { lines.add("dedup by", id) }
    if let path = stream.explodePath { lines.add("explode", path) }
    lines.add("lateness", "\(Double(stream.latenessNs) / 1e9) s")
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
      lines.add("KPI \(kpi.name)", kpi.definitionText)
    }
    return lines.answer(catalogue)
  }

  private func describe(_ kpi: KpiInfo) -> Answer {
    var lines = PropertyLines()
    lines.add("KPI", kpi.name)
    let versions = catalogue.kpis.filter { $0.name == kpi.name }.map { "\($0.version)" }
    lines.add("version", "\(kpi.version) of \(versions.joined(separator: ", "))")
    lines.add("stream", kpi.stream)
    for item in kpi.items { lines.add("item \(item.name)", item.expression.canonicalText) }
    if let filter = kpi.filter { lines.add("where", filter.canonicalText) }
    for dimension in kpi.groupBy { lines.add("dimension", dimension) }
    lines.add("every", "\(kpi.every)")
    if let rolling = kpi.rolling { lines.add("rolling", "\(rolling)") }
    lines.add("time zone", kpi.timeZone)
    lines.add("lateness", "\(Double(kpi.latenessNs) / 1e9) s")
    if let progress = kpi.progress { lines.add("filled", "\(Int(progress * 100)) %") }
    return lines.answer(catalogue)
  }
}

extension StreamInfo.Field {
  /// Whether one would group by it.
  fileprivate var isDimension: Bool {
    hasColumn && (kind == .text || kind == .boolean || kind == .mixed)
  }
}

extension KpiInfo {
  /// What it computes, as DEFINE KPI has it.
  var definitionText: String {
    var text = items.map(\.canonicalText).joined(separator: ", ")
    if let filter { text += " WHERE \(filter.canonicalText)" }
    if !groupBy.isEmpty {
      text += " GROUP BY " + groupBy.map { FieldPath($0).canonicalText }.joined(separator: ", ")
    }
    text += " EVERY \(every)"
    if let rolling { text += " ROLLING \(rolling)" }
    return text + " TIME ZONE '\(timeZone)'"
  }
}
