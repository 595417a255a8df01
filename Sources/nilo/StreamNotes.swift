import Store

/// What one should know of a stream whose documents are not as it takes them to be.
enum StreamNotes {
  /// Documents have a field that the stream would have used.
  static func text(_ field: UnusedField, ofStream name: String) -> String {
    let (use, clause) =
      switch field.role {
      case .key: ("key", "KEY \(field.path)")
      case .dedup: ("dedup id", "DEDUP BY \(field.path)")
      case .elementTime:
        ("time of elements", "ELEMENT TIME \(field.path.split(separator: ".").last ?? "")")
      }
    return
      "documents have \(field.path) since seq \(Wording.count(field.sinceSeq)), and the stream "
      + "does not use it as \(use): ALTER STREAM \(name) \(clause)"
  }

  /// Duplicates that are other documents than the events they repeat.
  static func differing(_ count: UInt64, _ definition: StreamDefinition) -> String {
    let ids = definition.idPaths
    let others = [definition.keyPath].compactMap { $0 }.filter { !ids.contains($0) }
    let advice =
      others.isEmpty
      ? "if the id is unique together with another field only, name both in DEDUP BY"
      : "if the id is unique together with \(others[0]) only: ALTER STREAM \(definition.name) "
        + "DEDUP BY (\((others + ids).joined(separator: ", "))), and read them again"
    let what =
      count == 1
      ? "1 duplicate differs from the event it repeats"
      : "\(Wording.count(count)) duplicates differ from the events they repeat"
    return "\(what); \(advice)"
  }

  static func differing(_ stream: LogStatistics.Stream) -> String? {
    let count = stream.totals.differing
    return count == 0 ? nil : differing(count, stream.definition)
  }
}
