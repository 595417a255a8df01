/// `{"columns":[{"name","type"}],"rows":[[...]],"meta":{...}}`. A column has `error_bound` when its numbers may be off by so
/// much, and `approximate` when some are; `revisions` says of each row how often it was corrected after it was final, where any
/// was. ``Answer/init(json:)`` reads it again.
struct JSONRendering: RowRendering {
  private let answer: Answer
  private var cells: JSONCells

  init(_ answer: Answer) {
    self.answer = answer
    cells = JSONCells(answer)
  }

  func begin(_ pieces: inout Pieces) {
    pieces.append("{\"columns\":[")
    for (index, column) in answer.columns.enumerated() {
      if index > 0 { pieces.put(",") }
      pieces.append("{\"name\":")
      pieces.append(json: column.name)
      pieces.append(",\"type\":\"\(column.kind.rawValue)\"")
      if let bound = column.errorBound {
        pieces.append(",\"error_bound\":")
        pieces.append(json: bound)
        if column.isApproximate { pieces.append(",\"approximate\":true") }
      }
      if !column.revisions.isEmpty {
        pieces.append(",\"revisions\":[")
        for (row, revision) in column.revisions.enumerated() {
          if row > 0 { pieces.put(",") }
          pieces.append(Int64(revision))
        }
        pieces.put("]")
      }
      pieces.put("}")
    }
    pieces.append("],\"rows\":[")
  }

  mutating func write(row: Int, _ pieces: inout Pieces) {
    pieces.append(row == 0 ? "\n[" : ",\n[")
    for index in answer.columns.indices {
      if index > 0 { pieces.put(",") }
      cells.append(column: index, row, to: &pieces)
    }
    pieces.put("]")
  }

  mutating func end(_ pieces: inout Pieces) {
    pieces.append("],\n\"meta\":")
    cells.append(answer.meta, rowCount: answer.rowCount, to: &pieces)
    if let message = answer.message {
      pieces.append(",\"message\":")
      pieces.append(json: message)
    }
    pieces.append("}\n")
  }
}

/// One object a row: a line each, or all in an array.
struct JSONObjectsRendering: RowRendering {
  private let keys: [[UInt8]]
  private let isArray: Bool
  private var cells: JSONCells

  init(_ answer: Answer, isArray: Bool) {
    self.isArray = isArray
    keys = answer.columns.enumerated().map { index, column in
      var key = Pieces()
      key.append(index == 0 ? "{" : ",")
      key.append(json: column.name)
      key.append(":")
      return key.bytes
    }
    cells = JSONCells(answer)
  }

  func begin(_ pieces: inout Pieces) {
    if isArray { pieces.put("[") }
  }

  func end(_ pieces: inout Pieces) {
    if isArray { pieces.append("]\n") }
  }

  mutating func write(row: Int, _ pieces: inout Pieces) {
    if isArray, row > 0 { pieces.append(",\n") }
    for index in keys.indices {
      pieces.bytes.append(contentsOf: keys[index])
      cells.append(column: index, row, to: &pieces)
    }
    pieces.append(isArray ? "}" : "}\n")
  }
}

/// Values as JSON: times are RFC 3339 in UTC, whatever the zone of the buckets.
private struct JSONCells {
  private let columns: [CellColumn]
  private var times = TimeCells()

  init(_ answer: Answer) { columns = answer.columns.map { CellColumn($0.values) } }

  /// Looks into one array for each cell; a column is not taken out of its array.
  mutating func append(column: Int, _ row: Int, to pieces: inout Pieces) {
    switch columns[column].kind {
    case .numbers:
      let number = columns[column].numbers[row]
      if number.isFinite { pieces.append(number) } else { pieces.append("null") }
    case .exact:
      if let number = columns[column].exact[row] {
        pieces.append(number)
      } else {
        pieces.append("null")
      }
    case .integers: pieces.append(columns[column].integers[row])
    case .texts:
      if let text = columns[column].texts[row] {
        pieces.append(json: text.string)
      } else {
        pieces.append("null")
      }
    case .times: Self.append(time: columns[column].integers[row], &times, to: &pieces)
    case .values: Self.append(columns[column].values[row], &times, to: &pieces)
    }
  }

  private static func append(
    time ns: Int64, _ times: inout TimeCells, to pieces: inout Pieces
  ) {
    pieces.put("\"")
    times.append(ns, to: &pieces)
    pieces.put("\"")
  }

  private static func append(
    _ value: QueryValue, _ times: inout TimeCells, to pieces: inout Pieces
  ) {
    switch value {
    case .null: pieces.append("null")
    case .bool(let value): pieces.append(value ? "true" : "false")
    case .integer(let value): pieces.append(value)
    case .unsigned(let value): pieces.append(value)
    case .number(let value):
      if value.isFinite { pieces.append(value) } else { pieces.append("null") }
    case .text(let text): pieces.append(json: text.string)
    case .time(let ns): append(time: ns, &times, to: &pieces)
    case .top(let entries):
      pieces.put("[")
      for (index, entry) in entries.enumerated() {
        pieces.append(index == 0 ? "{\"value\":" : ",{\"value\":")
        pieces.append(json: entry.value.string)
        pieces.append(",\"count\":")
        pieces.append(entry.count)
        pieces.append(",\"error\":")
        pieces.append(entry.error)
        pieces.put("}")
      }
      pieces.put("]")
    }
  }

  mutating func append(_ meta: Answer.Meta, rowCount: Int, to pieces: inout Pieces) {
    var hasField = false
    func key(_ name: String, _ pieces: inout Pieces) {
      pieces.append(hasField ? ",\"\(name)\":" : "{\"\(name)\":")
      hasField = true
    }
    func time(_ name: String, _ ns: Int64, _ times: inout TimeCells, _ pieces: inout Pieces) {
      key(name, &pieces)
      // No bound on that side.
      if ns == .min || ns == .max { return pieces.append("null") }
      Self.append(time: ns, &times, to: &pieces)
    }
    if let range = meta.rangeNs {
      time("since", range.lowerBound, &times, &pieces)
      time("until", range.upperBound, &times, &pieces)
      if meta.isRangeAssumed {
        key("range_assumed", &pieces)
        pieces.append("true")
      }
    }
    key("time_zone", &pieces)
    pieces.append(json: meta.timeZone)
    if let end = meta.lastBucketEndNs { time("last_bucket_end", end, &times, &pieces) }
    if let watermark = meta.watermarkNs { time("watermark", watermark, &times, &pieces) }
    if let origin = meta.answeredFrom {
      key("source", &pieces)
      pieces.append(json: origin)
    }
    if let seq = meta.asOfSeq {
      key("as_of_seq", &pieces)
      pieces.append(seq)
    }
    key("row_count", &pieces)
    pieces.append(Int64(rowCount))
    if let rows = meta.rowsBeforeLimit {
      key("rows_before_limit", &pieces)
      pieces.append(Int64(rows))
    }
    if let seconds = meta.elapsedSeconds {
      key("elapsed_seconds", &pieces)
      pieces.append(seconds)
    }
    if !meta.notes.isEmpty {
      key("notes", &pieces)
      for (index, note) in meta.notes.enumerated() {
        pieces.append(index == 0 ? "[" : ",")
        pieces.append(json: note)
      }
      pieces.put("]")
    }
    pieces.put("}")
  }
}
