import Bytes
import Foundation
import Parquet
import TestSupport

/// A table of random columns, as batches for the writer and as what readers have to give back.
struct RandomTable {
  var columns: [ParquetColumn] = []
  var options = ParquetOptions()
  private(set) var batches: [(values: [ParquetValues], rowCount: Int)] = []
  /// Of each column its values as JSON: doubles by their bits, so that NaN and -0 are told.
  private(set) var wanted: [[String]]

  init(_ random: inout SeededGenerator) {
    for number in 0..<random.within(1...6) {
      let kind = random.pick(
        [.int64, .double, .boolean, .string, .timestampMicros] as [ParquetColumn.Kind])
      let name = random.pick(["", "a.b", "günther ", "x\"y"]) + "\(number)"
      columns.append(ParquetColumn(name, kind, isOptional: !random.oneIn(3)))
    }
    options.groupRows = random.pick([1, 7, 64, 1_000, 1_048_576])
    options.pageRows = random.pick([1, 8, 100, 20_480])
    options.pageBytes = random.pick([1, 1_000, 1 << 20])
    options.maxDictionaryBytes = random.pick([1, 300, 1 << 20])
    wanted = columns.map { _ in [] }
    let sources = columns.map { ColumnSource($0, &random) }
    for _ in 0..<random.within(0...5) {
      let rowCount = random.pick([0, 1, random.below(20), random.below(2_000)])
      var values: [ParquetValues] = []
      for (index, source) in sources.enumerated() {
        let (column, texts) = source.batch(rowCount, &random)
        values.append(column)
        wanted[index] += texts
      }
      batches.append((values, rowCount))
    }
  }

  var rowCount: Int { batches.reduce(0) { $0 + $1.rowCount } }

  /// The table as a file.
  func parquet() throws -> [UInt8] {
    var bytes: [UInt8] = []
    let writer = try ParquetWriter(
      columns: columns, options: options, metadata: [("stream", "Zürich")]
    ) { bytes += $0 }
    for batch in batches { try writer.append(batch.values, rowCount: batch.rowCount) }
    try writer.finish()
    try checkEqual(writer.byteCount, bytes.count, "the bytes that the writer counts")
    try checkEqual(writer.rowCount, rowCount, "the rows that the writer counts")
    return bytes
  }

  /// What `compare.py` compares the file with.
  var json: String {
    let described = zip(columns, wanted).map { column, values in
      """
      {"name":\(Self.json(column.name)),"kind":"\(column.kind)","optional":\(column.isOptional),\
      "values":[\(values.joined(separator: ","))]}
      """
    }
    return """
      {"rows":\(rowCount),"group_rows":\(options.groupRows),\
      "columns":[\(described.joined(separator: ","))]}
      """
  }

  static func json(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.append(jsonString: text)
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Where the values of a column come from: few different ones or many, with NULLs or without.
private struct ColumnSource {
  let column: ParquetColumn
  let distinct: Int
  let nullShare: Int
  let salt: UInt64

  init(_ column: ParquetColumn, _ random: inout SeededGenerator) {
    self.column = column
    distinct = random.pick([1, 2, 50, 1_000_000])
    // Of 8 rows; with 8 there is no value at all.
    nullShare = column.isOptional ? random.pick([0, 1, 7, 8]) : 0
    salt = random.next()
  }

  func batch(_ rowCount: Int, _ random: inout SeededGenerator) -> (ParquetValues, [String]) {
    var marks = Bitmap(rowCount: rowCount)
    var numbers: [Int] = []
    var rows: [Int?] = []
    var isRun = false
    for row in 0..<rowCount {
      // Runs of NULLs and of values, as well as single ones.
      if random.oneIn(3) { isRun = random.below(8) < nullShare }
      if isRun {
        rows.append(nil)
      } else {
        marks.insert(row)
        rows.append(numbers.count)
        numbers.append(random.below(distinct))
      }
    }
    let presence: Presence =
      numbers.count == rowCount && random.oneIn(2)
      ? .all : numbers.isEmpty && random.oneIn(2) ? .none : .some(marks)
    func texts(_ text: (Int) -> String) -> [String] {
      rows.map { $0.map { text(numbers[$0]) } ?? "null" }
    }
    switch column.kind {
    case .int64, .timestampMicros:
      return (
        ParquetValues(.integers(numbers.map(integer)), presence: presence),
        texts { "\(integer($0))" }
      )
    case .double:
      return (
        ParquetValues(.doubles(numbers.map(double)), presence: presence),
        texts { "\(Int64(bitPattern: double($0).bitPattern))" }
      )
    case .boolean:
      return (
        ParquetValues(.booleans(numbers.map { $0 & 1 == 1 }), presence: presence),
        texts { $0 & 1 == 1 ? "true" : "false" }
      )
    case .string:
      var strings = ByteStrings()
      if distinct < 100, random.oneIn(2) {
        for number in 0..<distinct { strings.append(Array(string(number).utf8)) }
        let labels = ParquetValues.Values.labels(codes: numbers.map(Int64.init), names: strings)
        return (
          ParquetValues(labels, presence: presence), texts { RandomTable.json(string($0)) }
        )
      }
      for number in numbers { strings.append(Array(string(number).utf8)) }
      return (
        ParquetValues(.strings(strings), presence: presence),
        texts { RandomTable.json(string($0)) }
      )
    }
  }

  /// The word of a value, the same each time.
  private func word(_ number: Int) -> UInt64 {
    var generator = SeededGenerator(seed: salt &+ UInt64(number))
    return generator.word()
  }

  private func integer(_ number: Int) -> Int64 {
    let value = Int64(bitPattern: word(number))
    // Python has the years 1 to 9999.
    return column.kind == .timestampMicros ? value % 60_000_000_000_000_000 : value
  }

  private func double(_ number: Int) -> Double {
    let special = [Double.nan, 0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude]
    let word = word(number)
    return word % 5 == 0 ? special[Int(word / 5 % 6)] : Double(Int64(bitPattern: word)) / 1_000
  }

  private func string(_ number: Int) -> String {
    let word = word(number)
    let text = String(word % 100_000, radix: 36)
    switch word % 7 {
    case 0: return ""
    case 1: return String(repeating: "ÿ", count: Int(word % 80)) + text
    case 2: return String(repeating: "\u{10FFFF}", count: 10 + Int(word % 20)) + text
    case 3: return String(repeating: "\u{D7FF}", count: Int(word % 90))
    case 4: return String(repeating: text, count: Int(word % 30))
    default: return text
    }
  }
}
