import ArgumentParser
import Model

/// What is made of documents before they are events: the same as sources have.
struct MappingArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Where each document has its records, which are the events: data.items.", valueName: "path"))
  var records: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The array that is unnested: an event for each element, with the fields around it.",
      valueName: "path"))
  var unnest: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Give a field another name: 'main.temp AS temperature'. May stand several times.",
      valueName: "path AS name"))
  var rename: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Give all events a field: 'site = north'. May stand several times.",
      valueName: "name = value"))
  var constant: [String] = []

  /// Throws what cannot be read of them.
  func validate() throws {
    do { _ = try mapping } catch { throw ValidationError("\(error).") }
  }

  var mapping: DocumentMapping {
    get throws(MappingError) {
      try DocumentMapping(
        records: records, unnest: unnest, renames: rename, constants: constant)
    }
  }
}
