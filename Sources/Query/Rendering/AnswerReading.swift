import Bytes
import Model

/// Bytes are no answer.
public struct AnswerReadError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, and where.
  public var description: String
}

extension Answer {
  /// The answer that was written as JSON: all that its forms for people show is in it. Throws ``AnswerReadError``. O(bytes).
  public init(json bytes: [UInt8]) throws(AnswerReadError) {
    do throws(JSONReadError) {
      var reading = AnswerReading()
      var reader = JSONReader(bytes)
      try reading.read(&reader)
      try reader.end()
      self = reading.answer
    } catch {
      throw AnswerReadError(description: "this is no answer as JSON has it: \(error)")
    }
  }
}

/// An answer that is being read. Rows follow the columns that they are of.
private struct AnswerReading {
  private struct Wrong: Error {}

  private var columns: [Answer.Column] = []
  private var cells: [ColumnCells] = []
  private var meta = Answer.Meta()
  private var message: String?

  var answer: Answer {
    var answer = Answer(columns: columns, message: message)
    for index in columns.indices { answer.columns[index].values = cells[index].column }
    answer.meta = meta
    return answer
  }

  mutating func read(_ reader: inout JSONReader) throws(JSONReadError) {
    try reader.forEachField { name, reader throws(JSONReadError) in
      switch name {
      case "columns":
        try reader.forEachElement { reader throws(JSONReadError) in
          add(column: try reader.value())
        }
      case "rows":
        try reader.forEachElement { reader throws(JSONReadError) in try readRow(&reader) }
      case "meta": setMeta(try reader.value())
      case "message": message = try reader.value().string
      default: _ = try reader.value()
      }
    }
  }

  private mutating func add(column value: JSONValue) {
    let kind = value["type"]?.string.flatMap(Answer.Column.Kind.init) ?? .text
    var column = Answer.Column(
      name: value["name"]?.string ?? "", kind: kind, errorBound: value["error_bound"]?.string,
      values: .values([]))
    column.isApproximate = value["approximate"]?.bool ?? false
    column.revisions = (value["revisions"]?.array ?? []).compactMap {
      $0.integer.flatMap(UInt32.init(exactly:))
    }
    columns.append(column)
    cells.append(ColumnCells(kind: kind))
  }

  private mutating func readRow(_ reader: inout JSONReader) throws(JSONReadError) {
    var place = 0
    try reader.forEachElement { reader throws(JSONReadError) in
      let value = try reader.value()
      if place < cells.count { cells[place].add(value) }
      place += 1
    }
    // A row that is short has nothing in the others.
    for rest in cells.indices.dropFirst(place) { cells[rest].add(.null) }
  }

  private mutating func setMeta(_ value: JSONValue) {
    func time(_ name: String) -> Int64? {
      value[name]?.string.flatMap { Timestamp($0) }?.ns
    }
    if value["since"] != nil {
      let (since, until) = (time("since") ?? .min, time("until") ?? .max)
      meta.rangeNs = since..<max(since, until)
    }
    meta.isRangeAssumed = value["range_assumed"]?.bool ?? false
    meta.timeZone = value["time_zone"]?.string ?? "UTC"
    meta.lastBucketEndNs = time("last_bucket_end")
    meta.watermarkNs = time("watermark")
    meta.answeredFrom = value["source"]?.string
    meta.asOfSeq = value["as_of_seq"]?.unsigned
    meta.rowsBeforeLimit = value["rows_before_limit"]?.integer.map { Int($0) }
    meta.elapsedSeconds = value["elapsed_seconds"]?.double
    meta.notes = (value["notes"]?.array ?? []).compactMap(\.string)
  }
}

/// The values of a column, as they are read.
private struct ColumnCells {
  let kind: Answer.Column.Kind
  private var numbers: [Number?] = []
  private var texts: [Text?] = []
  private var times: [Int64] = []
  /// All of them, once one is not what its column says.
  private var values: [QueryValue]?

  init(kind: Answer.Column.Kind) { self.kind = kind }

  var column: ValueColumn {
    if let values { return .values(values) }
    switch kind {
    case .number: return ValueColumn(exact: numbers)
    case .integer:
      let integers = numbers.compactMap { number -> Int64? in
        if case .signed(let value)? = number?.form { value } else { nil }
      }
      return integers.count == numbers.count ? .integers(integers) : ValueColumn(exact: numbers)
    case .time: return .times(times)
    case .text, .state: return .texts(texts)
    case .boolean, .list: return .values([])
    }
  }

  mutating func add(_ value: JSONValue) {
    if values == nil {
      switch (kind, value) {
      case (.number, .null), (.integer, .null): return numbers.append(nil)
      case (.number, .number(let text)), (.integer, .number(let text)):
        if let number = Number(decimal: text) { return numbers.append(number) }
      case (.text, .null), (.state, .null): return texts.append(nil)
      case (.text, .string(let text)), (.state, .string(let text)):
        return texts.append(Text(text))
      case (.time, .string(let text)):
        if let time = Timestamp(text) { return times.append(time.ns) }
      default: break
      }
      values = all
    }
    values?.append(QueryValue(value, isTime: kind == .time))
  }

  private var all: [QueryValue] {
    switch kind {
    case .number, .integer: numbers.map { $0.map(QueryValue.init) ?? .null }
    case .time: times.map { .time($0) }
    case .text, .state: texts.map { $0.map(QueryValue.text) ?? .null }
    case .boolean, .list: []
    }
  }
}

extension QueryValue {
  fileprivate init(_ value: JSONValue, isTime: Bool) {
    switch value {
    case .null, .object: self = .null
    case .bool(let value): self = .bool(value)
    case .number(let text): self = Number(decimal: text).map(QueryValue.init) ?? .null
    case .string(let text):
      let time = isTime ? Timestamp(text) : nil
      self = time.map { .time($0.ns) } ?? .text(Text(text))
    case .array(let entries):
      self = .top(
        entries.map { entry in
          TopEntry(
            value: Text(entry["value"]?.string ?? ""), count: entry["count"]?.unsigned ?? 0,
            error: entry["error"]?.unsigned ?? 0)
        })
    }
  }
}
