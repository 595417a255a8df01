import Model

/// Values as people read them: six digits, times on the clock of the answer's zone.
struct PeopleCells {
  private var times: TimeCells

  init(_ answer: Answer) {
    times = TimeCells(zone: (try? ZoneRules(named: answer.meta.timeZone)) ?? .utc)
  }

  mutating func append(_ column: Answer.Column, _ row: Int, to pieces: inout Pieces) {
    append(column.values, row, to: &pieces)
    if !column.revisions.isEmpty, column.revisions[row] > 0 {
      pieces.append(", revision \(column.revisions[row])")
    }
  }

  private mutating func append(_ column: ValueColumn, _ row: Int, to pieces: inout Pieces) {
    switch column {
    case .numbers(let values): append(values[row], to: &pieces)
    case .exact(let values): append(values[row].map(QueryValue.init) ?? .null, to: &pieces)
    case .integers(let values): pieces.append(values[row])
    case .texts(let values):
      if let text = values[row] { pieces.append(shown: text.string) } else { pieces.append("NULL") }
    case .times(let values): append(time: values[row], to: &pieces)
    case .values(let values): append(values[row], to: &pieces)
    }
  }

  mutating func append(time ns: Int64, to pieces: inout Pieces) {
    times.append(ns, to: &pieces)
  }

  private func append(_ number: Double, to pieces: inout Pieces) {
    if number.isFinite { pieces.append(short: number) } else { pieces.append("NULL") }
  }

  private mutating func append(_ value: QueryValue, to pieces: inout Pieces) {
    switch value {
    case .null: pieces.append("NULL")
    case .bool(let value): pieces.append(value ? "true" : "false")
    case .integer(let value): pieces.append(value)
    case .unsigned(let value): pieces.append(value)
    case .number(let value): append(value, to: &pieces)
    case .text(let text): pieces.append(shown: text.string)
    case .time(let ns): times.append(ns, to: &pieces)
    case .top(let entries): pieces.append(shown: QueryValue.text(of: entries))
    }
  }
}

extension Answer {
  /// What one has to know of the rows, in one line: `2 rows, watermark 2013-12-30T18:00:00-05:00,
  /// as of seq 26,120`.
  public func footer(hasTiming: Bool = false) -> String {
    var cells = PeopleCells(self)
    func time(_ ns: Int64) -> String {
      var pieces = Pieces()
      cells.append(time: ns, to: &pieces)
      return String(decoding: pieces.bytes, as: UTF8.self)
    }
    var parts = [rowCount == 1 ? "1 row" : "\(grouped(UInt64(rowCount))) rows"]
    if let rows = meta.rowsBeforeLimit { parts[0] += " of \(grouped(UInt64(rows)))" }
    if let watermark = meta.watermarkNs { parts.append("watermark \(time(watermark))") }
    if let origin = meta.answeredFrom { parts.append("from \(origin)") }
    if let seq = meta.asOfSeq { parts.append("as of seq \(grouped(seq))") }
    if hasTiming, let seconds = meta.elapsedSeconds { parts.append(milliseconds(seconds)) }
    return parts.joined(separator: ", ")
  }
}

/// A count with a comma between thousands.
func grouped(_ value: UInt64) -> String {
  let digits = String(value)
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return text
}

/// `0.31 ms`, `1,204 ms`.
func milliseconds(_ seconds: Double) -> String {
  var pieces = Pieces()
  let ms = seconds * 1000
  if ms >= 100 { return "\(grouped(UInt64(ms.rounded()))) ms" }
  pieces.append((ms * 100).rounded() / 100)
  return String(decoding: pieces.bytes, as: UTF8.self) + " ms"
}

extension Pieces {
  /// The notes, a line each.
  mutating func appendNotes(_ meta: Answer.Meta) {
    for note in meta.notes {
      append("note: ")
      append(shown: note)
      append("\n")
    }
  }

  /// The name of a column, marked when its numbers are approximate.
  mutating func append(nameOf column: Answer.Column) {
    if column.isApproximate { append("~") }
    append(shown: column.name)
  }

  /// How far off the columns are that are marked, a line each.
  mutating func appendBounds(_ answer: Answer) {
    for column in answer.columns where column.isApproximate {
      append(nameOf: column)
      append(": ")
      append(shown: column.errorBound ?? "")
      append("\n")
    }
  }

  /// What follows a table.
  mutating func appendFooter(_ answer: Answer, hasTiming: Bool) {
    append("\n")
    append(answer.footer(hasTiming: hasTiming))
    append("\n")
    if let message = answer.message {
      append(shown: message)
      append("\n")
    }
    appendBounds(answer)
    appendNotes(answer.meta)
  }
}
