import Bytes

/// `{"columns":[{"name","type"}],"rows":[[...]],"meta":{...}}`. A column has `error_bound` when its numbers may be off by so
/// much, and `approximate` when some are; `revisions` says of each row how often it was corrected after it was final, where any
/// was. ``Answer/init(json:)`` reads it again.
struct JSONRendering: AnswerRendering {
  private let answer: Answer
  private var rows: RowRuns<JSONForm>

  init(_ answer: Answer) {
    self.answer = answer
    rows = RowRuns(
      answer, JSONForm(),
      RowFrame(
        before: answer.columns.indices.map { Array(($0 == 0 ? "[" : ",").utf8) },
        end: Array("]".utf8), first: Array("\n".utf8), between: Array(",\n".utf8)))
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

  mutating func write(rows: Range<Int>, _ pieces: inout Pieces) -> Int {
    self.rows.write(rows: rows, &pieces)
  }

  mutating func end(_ pieces: inout Pieces) {
    pieces.append("],\n\"meta\":")
    Self.append(answer.meta, rowCount: answer.rowCount, &rows.times, to: &pieces)
    if let message = answer.message {
      pieces.append(",\"message\":")
      pieces.append(json: message)
    }
    pieces.append("}\n")
  }

  private static func append(
    _ meta: Answer.Meta, rowCount: Int, _ times: inout TimeCells, to pieces: inout Pieces
  ) {
    var hasField = false
    func key(_ name: String, _ pieces: inout Pieces) {
      pieces.append(hasField ? ",\"\(name)\":" : "{\"\(name)\":")
      hasField = true
    }
    func time(_ name: String, _ ns: Int64, _ times: inout TimeCells, _ pieces: inout Pieces) {
      key(name, &pieces)
      // No bound on that side.
      if ns == .min || ns == .max { return pieces.append("null") }
      JSONForm().append(timeNs: ns, &times, to: &pieces)
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

/// One object a row: a line each, or all in an array.
struct JSONObjectsRendering: AnswerRendering {
  private let isArray: Bool
  private var rows: RowRuns<JSONForm>

  init(_ answer: Answer, isArray: Bool) {
    self.isArray = isArray
    let keys = answer.columns.enumerated().map { index, column in
      var key = Pieces()
      key.append(index == 0 ? "{" : ",")
      key.append(json: column.name)
      key.append(":")
      return key.bytes
    }
    rows = RowRuns(
      answer, JSONForm(),
      isArray
        ? RowFrame(before: keys, end: Array("}".utf8), between: Array(",\n".utf8))
        : RowFrame(before: keys, end: Array("}\n".utf8)))
  }

  func begin(_ pieces: inout Pieces) {
    if isArray { pieces.put("[") }
  }

  func end(_ pieces: inout Pieces) {
    if isArray { pieces.append("]\n") }
  }

  mutating func write(rows: Range<Int>, _ pieces: inout Pieces) -> Int {
    self.rows.write(rows: rows, &pieces)
  }
}

/// Values as JSON: times are RFC 3339 in UTC, whatever the zone of the buckets.
private struct JSONForm: CellForm {
  func appendNull(to pieces: inout Pieces) { pieces.append("null") }

  func append(_ text: Text, to pieces: inout Pieces) {
    pieces.bytes.append(jsonString: text.rawSpan)
  }

  func append(timeNs ns: Int64, _ times: inout TimeCells, to pieces: inout Pieces) {
    pieces.put("\"")
    times.append(ns, to: &pieces)
    pieces.put("\"")
  }

  func append(_ entries: [QueryValue.TopEntry], to pieces: inout Pieces) {
    pieces.put("[")
    for (index, entry) in entries.enumerated() {
      pieces.append(index == 0 ? "{\"value\":" : ",{\"value\":")
      append(entry.value, to: &pieces)
      pieces.append(",\"count\":")
      pieces.append(entry.count)
      pieces.append(",\"error\":")
      pieces.append(entry.error)
      pieces.put("}")
    }
    pieces.put("]")
  }
}
