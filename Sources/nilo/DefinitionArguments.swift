import ArgumentParser
import Model
import Store

/// What the user says of a stream that does not exist yet.
struct DefinitionArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The field with the event's time; within the exploded array it is that of its elements. (default: timestamp, time, ts, @timestamp or _time)",
      valueName: "path"))
  var time: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The field that tells devices apart. (default: device_id, device, id, city, sensor or key)",
      valueName: "path"))
  var key: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The field with the event's id, or none; several with commas where it is unique only together with them. (default: event_id if one of the first events has it)",
      valueName: "path"))
  var dedup: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How far apart in time two events of one id are still the same. (default: 7d)",
      valueName: "length"), transform: DurationText.init)
  var dedupWindow: DurationText?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The array whose elements are the facts. (default: an event is a fact)", valueName: "path"))
  var explode: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The field with the time of an element, from the element. (default: t or those of --time)",
      valueName: "path"))
  var elementTime: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How far behind the watermark an event is late. (default: 1m)", valueName: "length"),
    transform: DurationText.init)
  var lateness: DurationText?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The zone of times that name none, such as Europe/Paris. (default: such times are rejected)",
      valueName: "zone"))
  var timeZone: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The unit of times that are numbers: s, ms, us or ns. (default: by their size)",
      valueName: "unit"))
  var timeUnit: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The form of times that are texts, such as '%d.%m.%Y %H:%M'. (default: ISO 8601)",
      valueName: "format"))
  var timeFormat: String?

  static let noDedup = "none"
  /// A hundred years: what nanoseconds in 64 bits can hold is not much more.
  private static let maxDays = 36_500

  private var dedupPaths: [String]? {
    dedup.map { text in
      text == Self.noDedup
        ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  private var elementTimePath: String? { elementTime.map { "\(explode ?? "").\($0)" } }

  private var unit: TimeFormat.EpochUnit? {
    timeUnit.flatMap { TimeFormat.EpochUnit(abbreviation: $0) }
  }

  var options: StreamOptions {
    var options = StreamOptions(
      timePath: time, keyPath: key,
      dedup: dedupPaths.map { $0.isEmpty ? .none : .paths($0) } ?? .detect,
      explodePath: explode, elementTimePath: elementTimePath,
      dedupWindowNs: dedupWindow.map(Self.ns), latenessNs: lateness.map(Self.ns))
    (options.timeZone, options.timeUnit, options.timeFormat) = (timeZone, unit, timeFormat)
    return options
  }

  /// Throws when an option says something else than the stream that exists.
  func check(against stream: StreamDefinition) throws {
    let ids = stream.idPaths.isEmpty ? Self.noDedup : stream.idPaths.joined(separator: ",")
    let contradictions: [String] = [
      ("--time", time, stream.timePath, "no time field"),
      ("--key", key, stream.keyPath, "no key field"),
      ("--dedup", dedup, ids, ""),
      ("--dedup-window", dedupWindow?.description, Self.text(stream.dedupWindowNs), ""),
      ("--explode", explode, stream.explodePath, "no exploded array"),
      ("--element-time", elementTime, Self.elementTime(of: stream), "no time of elements"),
      ("--lateness", lateness?.description, Self.text(stream.latenessNs), ""),
      ("--time-zone", timeZone, stream.timeZone, "no zone"),
      ("--time-unit", timeUnit, stream.timeUnit?.abbreviation, "no unit"),
      ("--time-format", timeFormat, stream.timeFormat, "no format of times"),
    ].compactMap { option, given, current, absence in
      guard let given, given != current else { return nil }
      return "\(current.map { "\(option) \($0)" } ?? absence), not \(option) \(given)"
    }
    if contradictions.isEmpty { return }
    throw Misuse(
      "stream \"\(stream.name)\" exists, with \(contradictions.joined(separator: "; ")); leave the "
        + "option out, alter the stream (nilo query 'ALTER STREAM ...'), or make another with --stream"
    )
  }

  private static func ns(_ duration: DurationText) -> Int64 {
    Int64(duration.milliseconds) * 1_000_000
  }

  private static func text(_ ns: Int64) -> String {
    ns % 1_000_000 == 0 ? DurationText(milliseconds: Int(ns / 1_000_000)).description : "\(ns)ns"
  }

  /// The path from the element.
  private static func elementTime(of stream: StreamDefinition) -> String? {
    guard let path = stream.elementTimePath, let explode = stream.explodePath else { return nil }
    return String(path.dropFirst(explode.count + 1))
  }

  func validate() throws {
    for (option, path) in [
      ("--time", time), ("--key", key), ("--explode", explode), ("--element-time", elementTime),
    ] where path?.isEmpty == true {
      throw ValidationError("\(option) needs the name of a field, such as a.b for b within a.")
    }
    if dedupPaths?.contains(where: \.isEmpty) == true {
      throw ValidationError(
        "--dedup needs the name of a field, such as a.b for b within a, or several with commas "
          + "between them.")
    }
    if let timeUnit, unit == nil {
      throw ValidationError("--time-unit is s, ms, us or ns, not \(timeUnit.debugDescription).")
    }
    do {
      if let timeZone { _ = try ZoneRules(named: timeZone) }
      if let timeFormat { _ = try TimePattern(timeFormat) }
    } catch {
      throw ValidationError("\(error).")
    }
    for (option, length) in [("--dedup-window", dedupWindow), ("--lateness", lateness)] {
      guard let length, length.milliseconds > Self.maxDays * 86_400_000 else { continue }
      throw ValidationError("\(option) can be \(Self.maxDays)d at most.")
    }
    if elementTime != nil, explode == nil {
      throw ValidationError(
        "--element-time needs --explode: the array whose elements have the time.")
    }
  }
}
