/// How documents stand in a file.
public enum FileFormat: String, Sendable, CaseIterable {
  /// A document a line.
  case ndjson
  /// One array of documents, one document, or several following each other.
  case json
  /// Packs of measurements (RFC 8428), each record as a document with the base fields in it.
  case senml
  /// A header line with the field names, then a document a row (RFC 4180).
  case csv
  /// The same with tabs between the fields, whatever else the header holds.
  case tsv

  /// The format that a file's name says: by its last extension after `.gz` and `.zst`, in any
  /// case of letters; `ndjson` when that says nothing.
  ///
  /// ``isNamed(by:)`` tells whether it is the name that says so.
  public init(fileName: String) {
    var name = fileName.lowercased()[...]
    while let suffix = [".gz", ".zst"].first(where: { name.hasSuffix($0) }) {
      name = name.dropLast(suffix.count)
    }
    if name.hasSuffix(".json") {
      self = .json
    } else if name.hasSuffix(".senml") || name.hasSuffix(".sensml") {
      self = .senml
    } else if name.hasSuffix(".csv") {
      self = .csv
    } else if name.hasSuffix(".tsv") || name.hasSuffix(".tab") {
      self = .tsv
    } else {
      self = .ndjson
    }
  }

  /// Whether a file's name says its format, and NDJSON is not only what is left.
  public static func isNamed(by fileName: String) -> Bool {
    if FileFormat(fileName: fileName) != .ndjson { return true }
    return [".ndjson", ".jsonl"].contains { fileName.lowercased().contains($0) }
  }
}
