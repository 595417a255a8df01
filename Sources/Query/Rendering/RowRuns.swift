import Bytes
import Model

/// What a form of answers makes of single values; numbers are the same in all.
protocol CellForm: Sendable {
  func appendNull(to pieces: inout Pieces)
  func append(_ text: Text, to pieces: inout Pieces)
  func append(timeNs: Int64, _ times: inout TimeCells, to pieces: inout Pieces)
  func append(_ entries: [QueryValue.TopEntry], to pieces: inout Pieces)
}

/// What stands around the cells of rows.
struct RowFrame: Sendable {
  /// Before each cell of a row.
  var before: [[UInt8]]
  /// After its last.
  var end: [UInt8]
  /// Before the first row, and before each other one.
  var first: [UInt8] = []
  var between: [UInt8] = []
}

/// Writes rows in runs, column by column: what a column holds is decided once for a run, and no reference is counted for a cell.
/// The cells of a run are then put together to rows.
struct RowRuns<Form: CellForm>: Sendable {
  let form: Form
  private let columns: [ValueColumn]
  private let frame: RowFrame
  var times = TimeCells()
  /// The cells of a run, those of one column after the other, and where each ends.
  private var cells = Pieces()
  private var ends: [Int] = []
  /// The same, put together.
  private var rows: [UInt8] = []

  /// Cells of a run.
  private static var maxCells: Int { 2_048 }
  /// Bytes of texts of a run, unless one row has more: so it takes little memory whatever is in it.
  private static var maxTextBytes: Int { 16 << 10 }

  init(_ answer: Answer, _ form: Form, _ frame: RowFrame) {
    (self.form, self.frame, columns) = (form, frame, answer.columns.map(\.values))
  }

  /// Writes rows until there are none left or `pieces` are large, and gives the first that is not written. O(bytes).
  mutating func write(rows wanted: Range<Int>, _ pieces: inout Pieces) -> Int {
    var next = wanted.lowerBound
    while next < wanted.upperBound, !pieces.isLarge {
      let run = run(from: next, before: wanted.upperBound)
      cells.bytes.removeAll(keepingCapacity: true)
      ends.removeAll(keepingCapacity: true)
      for column in columns { write(column, run) }
      let byteCount = Self.put(run, together: cells.bytes, ends, frame, into: &rows)
      pieces.bytes.append(span: rows.rawSpan(0..<byteCount))
      next = run.upperBound
    }
    return next
  }

  /// The rows from `start` on that are written at a stretch; one at least.
  private func run(from start: Int, before end: Int) -> Range<Int> {
    let columnCount = max(columns.count, 1)
    var length = min(max(1, Self.maxCells / columnCount), end - start)
    for column in columns {
      var bytes = 0
      for offset in 0..<length {
        bytes += column.textBytes(start + offset)
        if bytes > Self.maxTextBytes / columnCount {
          length = max(1, offset)
          break
        }
      }
    }
    return start..<start + length
  }

  private mutating func write(_ column: ValueColumn, _ run: Range<Int>) {
    let form = form
    switch column {
    case .numbers(let values):
      each(of: run) { row, cells, _ in
        if values[row].isFinite { cells.append(values[row]) } else { form.appendNull(to: &cells) }
      }
    case .exact(let values):
      each(of: run) { row, cells, _ in
        if let number = values[row] { cells.append(number) } else { form.appendNull(to: &cells) }
      }
    case .integers(let values): each(of: run) { row, cells, _ in cells.append(values[row]) }
    case .texts(let values):
      each(of: run) { row, cells, _ in
        if let text = values[row] {
          form.append(text, to: &cells)
        } else {
          form.appendNull(to: &cells)
        }
      }
    case .times(let values):
      each(of: run) { row, cells, times in form.append(timeNs: values[row], &times, to: &cells) }
    case .values(let values):
      each(of: run) { row, cells, times in form.append(values[row], &times, to: &cells) }
    }
  }

  @inline(__always)
  private mutating func each(
    of run: Range<Int>, _ write: (Int, inout Pieces, inout TimeCells) -> Void
  ) {
    for row in run {
      write(row, &cells, &times)
      ends.append(cells.bytes.count)
    }
  }

  /// Puts the cells of a run together to rows, and gives how many bytes they are.
  private static func put(
    _ run: Range<Int>, together cells: [UInt8], _ ends: [Int], _ frame: RowFrame,
    into rows: inout [UInt8]
  ) -> Int {
    let literals = frame.before.flatMap(\.self)
    let literalEnds = frame.before.reduce(into: [Int]()) { $0.append(($0.last ?? 0) + $1.count) }
    let around = literals.count + frame.end.count + max(frame.first.count, frame.between.count)
    let room = cells.count + run.count * around + ByteSink.slack
    if rows.count < room { rows.append(contentsOf: repeatElement(0, count: room - rows.count)) }
    return rows.withSink { sink in
      for row in run {
        let start = row == 0 ? frame.first : frame.between
        sink.append(start, range: start.indices)
        for column in literalEnds.indices {
          let literalStart = column == 0 ? 0 : literalEnds[column - 1]
          sink.append(literals, range: literalStart..<literalEnds[column])
          let cell = column * run.count + row - run.lowerBound
          sink.append(cells, range: (cell == 0 ? 0 : ends[cell - 1])..<ends[cell])
        }
        sink.append(frame.end, range: frame.end.indices)
      }
      return sink.count
    }
  }
}

extension ValueColumn {
  /// What a row's text takes; 0 where it is none. O(1).
  @inline(__always)
  fileprivate func textBytes(_ row: Int) -> Int {
    switch self {
    case .texts(let texts): texts[row]?.utf8.count ?? 0
    case .values(let values): if case .text(let text) = values[row] { text.utf8.count } else { 0 }
    case .numbers, .exact, .integers, .times: 0
    }
  }
}

extension CellForm {
  fileprivate func append(
    _ value: QueryValue, _ times: inout TimeCells, to pieces: inout Pieces
  ) {
    switch value {
    case .null: appendNull(to: &pieces)
    case .bool(let value): pieces.append(value ? "true" : "false")
    case .integer(let value): pieces.append(value)
    case .unsigned(let value): pieces.append(value)
    case .number(let value):
      if value.isFinite { pieces.append(value) } else { appendNull(to: &pieces) }
    case .text(let text): append(text, to: &pieces)
    case .time(let ns): append(timeNs: ns, &times, to: &pieces)
    case .top(let entries): append(entries, to: &pieces)
    }
  }
}
