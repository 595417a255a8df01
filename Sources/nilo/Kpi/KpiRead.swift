import ArgumentParser
import Bytes
import Language
import Model
import Store

struct KpiRead: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Print a KPI's rows.",
    discussion: """
      A row is final when event time has passed its bucket's end by the KPI's lateness; until then \
      it is provisional. A late event still corrects a final row: its revision then rises.

      Example:
        nilo kpi read heat --since 2013-07-04T00:00:00Z --group city=JFK
        nilo kpi read heat --format csv > heat.csv
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, csv, json }

  @OptionGroup var store: StoreArguments
  @Argument(help: "The KPI's name.") var name: String

  @Option(
    name: .long, help: ArgumentHelp("Buckets that start at or after it.", valueName: "time"),
    transform: TimeText.parse)
  var since: Timestamp?

  @Option(
    name: .long, help: ArgumentHelp("Buckets that start before it.", valueName: "time"),
    transform: TimeText.parse)
  var until: Timestamp?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Rows of this group only; can be repeated. FIELD alone: without a value.",
      valueName: "field=value"))
  var group: [String] = []

  @Option(name: .long, help: ArgumentHelp("table, csv or json.", valueName: "format"))
  var format = Format.table

  func run() throws {
    var groups: [Text: Text?] = [:]
    for text in group {
      guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
        groups[Text(text)] = .some(nil)
        continue
      }
      groups[Text(String(text[..<equals]))] = Text(String(text[text.utf8.index(after: equals)...]))
    }
    let low = since?.ns ?? .min
    let high = until?.ns ?? .max
    guard low <= high else { throw ValidationError("--since is after --until") }
    Interruption.catchSignals()
    do {
      try Cancellation.with(Interruption.wish) {
        let answer = try store.reading {
          try $0.projections.read(name, low..<high, groups: groups)
        }
        try write(answer)
      }
    } catch is CancellationError {
      throw ExitCode(ExitStatus.interrupted)
    }
  }

  private func write(_ answer: KpiAnswer) throws {
    let view = try KpiView(answer)
    try Output.buffered { output in
      switch store.json ? .json : format {
      case .table: try view.table(&output)
      case .csv: try view.csv(&output)
      case .json: try view.json(&output)
      }
    }
  }
}

/// An answer as text.
private struct KpiView {
  let answer: KpiAnswer
  private let zone: ZoneRules
  private let names: [String]
  /// The columns of CSV and JSON that follow.
  private let counts: [String]

  init(_ answer: KpiAnswer) throws {
    self.answer = answer
    zone = try ZoneRules(named: answer.definition.timeZone)
    let definition = answer.definition
    let asked = definition.groupBy.map(\.name) + definition.items.map(\.name)
    let own = ["time", "state", "facts", "revision"].map {
      OwnColumn.name($0, beside: asked).string
    }
    names = [own[0]] + asked.map(\.string) + [own[1]]
    counts = Array(own[2...])
  }

  /// The time on the zone's clock, with the offset that it has then.
  private func time(_ ns: Int64) -> String {
    let offsetNs = zone.offsetNs(at: ns)
    if offsetNs == 0 { return Timestamp(ns: ns).description }
    let local = Timestamp(ns: ns.saturatingSubtracting(-offsetNs)).description.dropLast()
    let seconds = offsetNs.magnitude / 1_000_000_000
    func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let offset = "\(two(seconds / 3600)):\(two(seconds / 60 % 60))"
    // Clocks of old have offsets of seconds.
    let rest = seconds % 60 == 0 ? "" : ":\(two(seconds % 60))"
    return "\(local)\(offsetNs < 0 ? "-" : "+")\(offset)\(rest)"
  }

  private func state(_ row: KpiAnswer.Row) -> String {
    let revision = row.revision > 0 ? ", revision \(row.revision)" : ""
    return (row.isFinal ? "final" : "provisional") + revision
  }

  private func labels(_ row: KpiAnswer.Row) -> [String?] { row.group.map { $0?.string } }

  private func text(_ value: KpiValue, rounded: Bool) -> String? {
    switch value {
    case .null: nil
    case .integer(let number): "\(number)"
    case .unsigned(let number): "\(number)"
    case .number(let number): rounded ? Self.short(number) : Number(number)?.description
    case .text(let text): text.string
    case .bool(let value): "\(value)"
    case .top(let entries): entries.map { "\($0.value) (\($0.count))" }.joined(separator: ", ")
    }
  }

  /// Six significant digits are enough for people; CSV and JSON have all.
  private static func short(_ number: Double) -> String {
    if number == 0 { return "0" }
    guard number.magnitude >= 1e-4, number.magnitude < 1e15 else {
      return Number(number)?.description ?? ""
    }
    var scale = 1.0
    while number.magnitude * scale < 100_000 && scale < 1e9 { scale *= 10 }
    let rounded = (number * scale).rounded() / scale
    return rounded == rounded.rounded() ? "\(Int64(rounded))" : "\(rounded)"
  }

  func table(_ output: inout Output) throws {
    // Cells are made twice, to be measured and to be written, so that not all of them have to be kept.
    var widths = names.map(\.count)
    for (index, row) in answer.rows.enumerated() {
      try Cancellation.check(at: index)
      for (column, cell) in cells(row).enumerated() {
        widths[column] = max(widths[column], cell.count)
      }
    }
    try output.line(Self.line(names, widths))
    for (index, row) in answer.rows.enumerated() {
      try Cancellation.check(at: index)
      try output.line(Self.line(cells(row), widths))
    }
    try output.line("")
    try output.line(note)
  }

  private func cells(_ row: KpiAnswer.Row) -> [String] {
    [time(row.timeNs)] + labels(row).map { $0 ?? "NULL" }
      + row.values.map { text($0, rounded: true) ?? "NULL" } + [state(row)]
  }

  private static func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (cell, width) in zip(cells, widths) {
      text += cell + String(repeating: " ", count: width - cell.count + 2)
    }
    while text.last == " " { text.removeLast() }
    return text
  }

  private var note: String {
    var parts = [answer.rows.count == 1 ? "1 row" : "\(Wording.count(answer.rows.count)) rows"]
    if let watermark = answer.watermarkNs { parts.append("watermark \(time(watermark))") }
    parts.append("as of seq \(Wording.count(answer.asOfSeq))")
    if let progress = answer.fillingProgress {
      parts.append(
        "computed from the events, since the cells are filled to \(Int(progress * 100)) %")
    }
    return parts.joined(separator: ", ")
  }

  func csv(_ output: inout Output) throws {
    try output.line((names + counts).map(Self.quoted).joined(separator: ",").utf8)
    for (index, row) in answer.rows.enumerated() {
      try Cancellation.check(at: index)
      let cells =
        [time(row.timeNs)] + labels(row).map { $0.map(Self.quoted) ?? "" }
        + row.values.map { text($0, rounded: false).map(Self.quoted) ?? "" }
        + [row.isFinal ? "final" : "provisional", "\(row.facts)", "\(row.revision)"]
      try output.line(cells.joined(separator: ",").utf8)
    }
  }

  private static func quoted(_ text: String) -> String {
    // Byte by byte: an accent after a comma would hide it from a search for characters.
    let special = ",\"\n\r".utf8
    guard text.utf8.contains(where: { special.contains($0) }) else { return text }
    let quote = UInt8(ascii: "\"")
    let doubled = text.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] }
    return "\"" + String(decoding: doubled, as: UTF8.self) + "\""
  }

  /// One object, written row by row.
  func json(_ output: inout Output) throws {
    let columns = jsonObject { $0.field("columns", strings: names + counts) }
    try output.add(columns.dropLast() + Array(",\"rows\":[".utf8))
    let count = answer.rows.count
    for (index, row) in answer.rows.enumerated() {
      try Cancellation.check(at: index)
      try output.add(json(of: row) + (index < count - 1 ? [UInt8(ascii: ",")] : []))
    }
    try output.line(Array("],".utf8) + meta.dropFirst())
  }

  private var meta: [UInt8] {
    jsonObject { json in
      json.field(
        "meta",
        json: jsonObject { json in
          json.field("kpi", answer.definition.name)
          json.field("version", Int64(answer.definition.version))
          json.field("time_zone", answer.definition.timeZone)
          json.field("watermark", timeNs: answer.watermarkNs)
          json.field("source", answer.source.rawValue)
          if let progress = answer.fillingProgress { json.field("filled", progress) }
          json.field("as_of_seq", answer.asOfSeq)
        })
    }
  }

  private func json(of row: KpiAnswer.Row) -> [UInt8] {
    var cells: [[UInt8]] = [Self.json(time(row.timeNs))]
    cells += labels(row).map { $0.map(Self.json) ?? Array("null".utf8) }
    cells += row.values.map(json(of:))
    cells.append(Self.json(row.isFinal ? "final" : "provisional"))
    cells += [Array("\(row.facts)".utf8), Array("\(row.revision)".utf8)]
    return Self.array(cells)
  }

  private func json(of value: KpiValue) -> [UInt8] {
    if case .text(let text) = value { return Self.json(text.string) }
    guard case .top(let entries) = value else {
      return Array((text(value, rounded: false) ?? "null").utf8)
    }
    return Self.array(
      entries.map { entry in
        jsonObject { json in
          json.field("value", entry.value.string)
          json.field("count", entry.count)
          json.field("error", entry.error)
        }
      })
  }

  private static func json(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(jsonString: text)
    return bytes
  }

  private static func array(_ values: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(contentsOf: value)
    }
    bytes.append(UInt8(ascii: "]"))
    return bytes
  }
}
