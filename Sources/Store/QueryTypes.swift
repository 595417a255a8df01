import Bytes
import EventLog
import Model
import Projections
import Query

/// What the query engine asks and is told, in the terms of projections and the log.

extension AggregateQuery {
  init(_ request: AggregateRequest) {
    self.init(stream: request.stream, aggregates: request.aggregates)
    (filter, groupBy, range) = (request.filter, request.groupBy, request.range)
    (every, rolling, timeZone) = (request.every, request.rolling, request.timeZone)
    (asOfSeq, isCancelled) = (request.asOfSeq, request.isCancelled)
    (maxCells, maxMemoryBytes) = (request.limits.maxCells, request.limits.maxMemoryBytes)
    path =
      switch request.path {
      case .best: .best
      case .columns: .columns
      case .kpi(let name, let version): .kpi(name, version: version)
      }
  }
}

extension FactQuery {
  init(_ request: FactsRequest) {
    self.init(stream: request.stream, fields: request.fields)
    (filter, range) = (request.filter, request.range)
    (asOfSeq, isCancelled) = (request.asOfSeq, request.isCancelled)
  }
}

extension AggregatePlan {
  init(_ source: AggregateSource) {
    if let kpi = source.kpi {
      self.init(
        source: source.hasColumns
          ? .cellsAndColumns(kpi: kpi.name, version: kpi.version)
          : .cells(kpi: kpi.name, version: kpi.version))
    } else {
      self.init(source: .columns)
    }
    alternatives = source.alternatives.map { Alternative(name: $0.name, reason: $0.reason) }
    (cells, blocks, facts) = (source.cells, source.blocks, source.facts)
  }
}

extension AggregateResult {
  init(_ answer: AggregateAnswer) {
    self.init(plan: AggregatePlan(answer.source))
    timesNs = answer.columns.timesNs
    groupOfRow = answer.columns.groupOfRow
    groups = answer.columns.groups
    values = answer.columns.items.map(ValueColumn.init)
    overflows = answer.columns.overflows
    facts = answer.columns.headers.map(\.facts)
    firstSeqs = answer.columns.headers.map(\.firstSeq)
    lastSeqs = answer.columns.headers.map(\.lastSeq)
    revisions = answer.columns.headers.map(\.revision)
    isFinal = answer.columns.isFinal
    (watermarkNs, asOfSeq) = (answer.watermarkNs, answer.asOfSeq)
  }
}

extension ValueColumn {
  init(_ item: ItemColumn) {
    switch item {
    case .numbers(let numbers): self = .numbers(numbers)
    case .exact(let numbers): self = .exact(numbers)
    case .integers(let integers): self = .integers(integers)
    case .values(let values): self = .values(values.map(QueryValue.init))
    }
  }

  init(_ field: FactRows.Field) {
    switch field {
    case .numbers(let numbers): self = .numbers(numbers)
    case .exact(let numbers): self = .exact(numbers)
    case .texts(let texts): self = .texts(texts)
    case .values(let values): self = .values(values.map(QueryValue.init))
    }
  }
}

extension QueryValue {
  init(_ value: KpiValue) {
    switch value {
    case .null: self = .null
    case .integer(let number): self = .integer(number)
    case .unsigned(let number): self = .unsigned(number)
    case .number(let number): self = .number(number)
    case .text(let text): self = .text(text)
    case .bool(let value): self = .bool(value)
    case .top(let entries):
      self = .top(
        entries.map { TopEntry(value: $0.value, count: $0.count, error: $0.error) })
    }
  }
}

extension FactBatch {
  init(_ rows: FactRows) {
    self.init(seqs: rows.seqs, timesNs: rows.timesNs, fields: rows.fields.map(ValueColumn.init))
  }
}

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
      kind: kind, stream: entry.stream, source: entry.source, seq: entry.seq ?? 0,
      receivedNs: entry.receivedNs, timeNs: entry.timeNs, detail: detail)
  }
}

extension StreamInfo {
  init(_ stream: LogStatistics.Stream) {
    let definition = stream.definition
    self.init(
      name: definition.name, timePath: Text(definition.timePath),
      latenessNs: definition.latenessNs)
    keyPath = definition.keyPath.map { Text($0) }
    dedupPaths = definition.idPaths.map { Text($0) }
    explodePath = definition.explodePath.map { Text($0) }
    elementTimePath = definition.elementTimePath.map { Text($0) }
    dedupWindowNs = definition.dedupWindowNs
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
    sources = stream.sources.map {
      Source(name: $0.name, watermarkNs: $0.state.watermarkNs, isOpen: !$0.state.isClosed)
    }
    let totals = stream.totals
    (events, facts) = (totals.events, totals.facts)
    (late, duplicates, rejected) = (totals.late, totals.duplicates, totals.rejected)
    ahead = totals.ahead
    timesNs = totals.facts > 0 ? totals.minTimeNs...totals.maxTimeNs : nil
    watermarkNs = stream.watermarkNs
  }
}

extension KpiInfo {
  init(_ listed: ListedKpi) {
    let kpi = listed.definition
    self.init(
      name: kpi.name, version: kpi.version, isActive: listed.isActive, stream: kpi.stream,
      items: kpi.items, filter: kpi.filter, dimensions: kpi.groupBy, every: kpi.every,
      rolling: kpi.rolling, timeZone: kpi.timeZone, latenessNs: kpi.latenessNs,
      progress: listed.progress)
  }
}
