import Bytes
import EventLog
import Language
import Model
import Projections
import Query

/// What the query engine asks and is told, in the terms of projections and the log.

extension EventRecord {
  init(_ event: LogEvent) {
    self.init(
      seq: event.seq, source: event.source, receivedNs: event.receivedNs, document: event.bytes)
  }
}

extension LedgerEntry.Kind {
  init(_ kind: LedgerKind) {
    switch kind {
    case .late: self = .late
    case .duplicate: self = .duplicate
    case .rejected: self = .rejected
    case .ahead: self = .ahead
    }
  }
}

extension LedgerRecord {
  init(_ entry: LedgerEntry) {
    let kind: LedgerKind =
      switch entry.kind {
      case .late: .late
      case .duplicate: .duplicate
      case .rejected: .rejected
      case .ahead: .ahead
      }
    let detail: String =
      switch entry.kind {
      case .late: "\((entry.behindNs ?? 0) / 1_000_000_000) s behind the watermark"
      case .duplicate:
        "has the id \(String(decoding: entry.bytes, as: UTF8.self)) as well"
          + (entry.isDifferent == true ? ", but is another document" : "")
      case .rejected: entry.reason ?? ""
      case .ahead:
        "\((entry.aheadNs ?? 0) / 1_000_000_000) s ahead of "
          + (entry.isAheadOfClock ? "the clock" : "all before it")
      }
    self.init(
      kind: kind, stream: entry.stream, source: entry.source, seq: entry.seq,
      receivedNs: entry.receivedNs, timeNs: entry.timeNs, detail: detail)
    position = entry.position.map { UInt64(clamping: $0) }
    switch entry.kind {
    case .rejected: head = Text(String(decoding: entry.bytes, as: UTF8.self))
    case .duplicate where entry.isDifferent == true:
      head = Text(String(decoding: entry.head, as: UTF8.self))
    default: break
    }
  }
}

extension StreamInfo {
  /// What it is, without what it holds. O(columns).
  init(fieldsOf stream: LogStatistics.Stream) {
    let definition = stream.definition
    self.init(
      name: definition.name, timePath: Text(definition.timePath),
      latenessNs: definition.latenessNs)
    keyPath = definition.keyPath.map { Text($0) }
    dedupPaths = definition.idPaths.map { Text($0) }
    explodePath = definition.explodePath.map { Text($0) }
    elementTimePath = definition.elementTimePath.map { Text($0) }
    dedupWindowNs = definition.dedupWindowNs
    timeZone = definition.timeZone
    timeUnit = definition.timeUnit?.abbreviation
    timeFormat = definition.timeFormat
    factsSinceSeq = definition.factsSinceSeq
    version = definition.version
    fields = stream.columns.map { column in
      let kind: Field.Kind =
        switch column.type {
        case "number": .number
        case "bool": .boolean
        case "json": .list
        case _ where column.isMixed: .mixed
        default: .text
        }
      return Field(
        path: column.path, kind: kind, hasColumn: kind != .list, hasLists: column.hasLists)
    }
    fields += stream.fieldsWithoutColumn.map { Field(path: $0, kind: .mixed, hasColumn: false) }
    addOwnFields()
    self.definition = DefineStream(definition)
  }

  /// Takes over how much it holds.
  mutating func count(_ stream: LogStatistics.Stream) {
    let totals = stream.totals
    (events, facts) = (totals.events, totals.facts)
    (late, duplicates, rejected) = (totals.late, totals.duplicates, totals.rejected)
    ahead = totals.ahead
    timesNs = totals.facts > 0 ? totals.minTimeNs...totals.maxTimeNs : nil
    watermarkNs = stream.watermarkNs
  }
}

extension KpiInfo {
  init(_ listed: ListedKpi, _ meanings: KpiMeanings) {
    let kpi = listed.definition
    self.init(
      name: kpi.name, version: kpi.version, isActive: listed.isActive, stream: kpi.stream,
      items: kpi.items, filter: kpi.filter, dimensions: kpi.groupBy, every: kpi.every,
      rolling: kpi.rolling, timeZone: kpi.timeZone, latenessNs: kpi.latenessNs,
      progress: listed.progress)
    failure = listed.failure
    if let meanings = meanings.columns[kpi.name] {
      let columns = Set(kpi.items.map(\.name))
      self.meanings = meanings.filter { columns.contains($0.key) }
    }
    (seq, isDropped) = (kpi.id, listed.isDropped)
    write = { [meanings = self.meanings] in kpi.statement("DEFINE", meanings) }
  }
}
