import ArgumentParser
import Store

/// What the user says of a stream that does not exist yet.
struct DefinitionArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The field with the event's time. (default: timestamp, time, ts or @timestamp)",
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
      "The field with the event's id, or none. (default: event_id if the first event has it)",
      valueName: "path"))
  var dedup: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The array whose elements are the facts. (default: an event is a fact)", valueName: "path"))
  var explode: String?

  static let noDedup = "none"

  var options: StreamOptions {
    StreamOptions(
      timePath: time, keyPath: key,
      dedup: dedup.map { $0 == Self.noDedup ? .none : .path($0) } ?? .detect, explodePath: explode)
  }

  /// Throws when an option says something else than the stream that exists.
  func check(against stream: StreamDefinition) throws {
    let contradictions: [String] = [
      ("--time", time, stream.timePath, "no time field"),
      ("--key", key, stream.keyPath, "no key field"),
      ("--dedup", dedup, stream.idPath ?? Self.noDedup, ""),
      ("--explode", explode, stream.explodePath, "no exploded array"),
    ].compactMap { option, given, current, absence in
      guard let given, given != current else { return nil }
      return "\(current.map { "\(option) \($0)" } ?? absence), not \(option) \(given)"
    }
    if contradictions.isEmpty { return }
    throw Failure(
      "stream \"\(stream.name)\" exists, with \(contradictions.joined(separator: "; ")); leave the "
        + "option out, or make another stream with --stream")
  }

  func validate() throws {
    for (option, path) in [
      ("--time", time), ("--key", key), ("--dedup", dedup), ("--explode", explode),
    ] where path?.isEmpty == true {
      throw ValidationError("\(option) needs the name of a field, such as a.b for b within a.")
    }
  }
}
