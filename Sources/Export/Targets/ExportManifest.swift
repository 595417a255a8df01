import Bytes
import EventLog
import Foundation

/// What an export into a directory has written: a line of JSON that says what is exported, and one for each batch.
///
/// A batch counts once its line is durable. The files are durable before, under hidden names, and renamed after: whoever goes on
/// renames those that a crash has left, and removes what no line tells of.
final class ExportManifest {
  /// What is exported: it stays the same as long as the directory is gone on with.
  struct Subject: Codable, Equatable {
    /// `facts` or `kpi`.
    var export: String
    var name: String
    var format: String
    var partition: [String]
    var since: String?
    var until: String?
    /// The alteration by which the facts before it were read anew, or the event that defined the KPI's version.
    var definedBySeq: UInt64?

    enum CodingKeys: String, CodingKey {
      case export, name, format, partition, since, until
      case definedBySeq = "defined_by_seq"
    }
  }

  /// The rows of some events, and the files that have them.
  struct Batch: Codable, Equatable {
    struct File: Codable, Equatable {
      /// From the directory on.
      var path: String
      var rows: Int
      var bytes: Int
    }

    var firstSeq: UInt64
    var lastSeq: UInt64
    var files: [File]
    /// The types of fields that are new, or other ones than before.
    var types: [String: String]?

    enum CodingKeys: String, CodingKey {
      case files, types
      case firstSeq = "first_seq"
      case lastSeq = "last_seq"
    }
  }

  let directory: String
  let subject: Subject
  /// The last event whose rows are in files; 0 when none are.
  private(set) var lastSeq: UInt64 = 0
  /// The types of fields so far.
  private(set) var types: [String: FieldType] = [:]
  private let handle: FileHandle

  static func fileName(_ subject: Subject) -> String {
    "_\(subject.export)-\(subject.name)-\(subject.format).manifest"
  }

  /// Opens that of a directory, which is made if there is none, and brings the directory to the state that it tells of. Throws
  /// ``ExportError`` when it is of something else, or another program is exporting there. O(batches).
  init(_ directory: String, _ subject: Subject) throws {
    (self.directory, self.subject) = (directory, subject)
    let path = "\(directory)/\(Self.fileName(subject))"
    if !FileManager.default.fileExists(atPath: path) {
      try Self.requireNone(of: subject, in: directory)
    }
    handle = try ExportFile.reporting(path) {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      if !FileManager.default.fileExists(atPath: path) {
        try Data().write(to: URL(fileURLWithPath: path))
      }
      return try FileHandle(forUpdating: URL(fileURLWithPath: path))
    }
    guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw ExportError(
        "another program is exporting \(subject.name) to \(directory); wait for it, or name another "
          + "directory")
    }
    try ExportFile.settleFolder(directory)
    try read(path)
  }

  /// Files without their manifest would be written a second time.
  private static func requireNone(of subject: Subject, in directory: String) throws {
    let files =
      FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
    let known = files.first { ExportNames.isFile($0.split(separator: "/").last ?? "", subject) }
    if let known {
      throw ExportError(
        "\(directory) has \(known), but no manifest that tells what was exported; export to another "
          + "directory")
    }
  }

  private func read(_ path: String) throws {
    let bytes = try ExportFile.reporting(path) { try handle.readToEnd() ?? Data() }
    // A line that a crash has cut is none.
    let wholeBytes = (bytes.lastIndex(of: 0x0A) ?? -1) + 1
    let lines = bytes[..<wholeBytes].split(separator: 0x0A)
    let decoder = JSONDecoder()
    var last: Batch?
    do {
      if let head = lines.first {
        let found = try decoder.decode(Subject.self, from: head)
        try checkSame(found, path)
      }
      for line in lines.dropFirst() {
        let batch = try decoder.decode(Batch.self, from: line)
        lastSeq = batch.lastSeq
        for (field, type) in batch.types ?? [:] { types[field] = FieldType(rawValue: type) }
        last = batch
      }
    } catch let error as ExportError {
      throw error
    } catch {
      throw ExportError(
        "\(path) is damaged, so it cannot be told what was exported; export to another directory")
    }
    try ExportFile.reporting(path) {
      try handle.truncate(atOffset: UInt64(wholeBytes))
      try handle.seek(toOffset: UInt64(wholeBytes))
    }
    if let last { try publish(last.files.map(\.path)) }
    removeLeftovers()
    if lines.isEmpty { try append(subject) }
  }

  private func checkSame(_ found: Subject, _ path: String) throws {
    if found == subject { return }
    if found.definedBySeq != subject.definedBySeq {
      let what =
        subject.export == "kpi"
        ? "KPI \(subject.name) was defined anew or switched"
        : "the facts of stream \(subject.name) were read anew by ALTER STREAM"
      throw ExportError(
        "\(what) since \(directory) was begun: its files have what was before; export to another "
          + "directory")
    }
    func text(_ subject: Subject) -> String {
      [
        subject.partition.isEmpty ? nil : "--partition \(subject.partition.joined(separator: ","))",
        subject.since.map { "--since \($0)" }, subject.until.map { "--until \($0)" },
      ].compactMap(\.self).joined(separator: " ")
    }
    let (was, isNow) = (text(found), text(subject))
    throw ExportError(
      "\(directory) was begun with \(was.isEmpty ? "no" : was)"
        + (was.isEmpty ? " --partition, --since and --until" : "")
        + ", and not \(isNow.isEmpty ? "without" : "with \(isNow)"); give the same, or name another "
        + "directory")
  }

  /// Notes a batch whose files are settled, and gives these their names. It is durable when this returns. When it throws, what
  /// is true is told by opening the manifest anew: the files must stay.
  func commit(_ batch: Batch) throws {
    for folder in folders(of: batch.files.map(\.path)) { try ExportFile.settleFolder(folder) }
    try append(batch)
    lastSeq = batch.lastSeq
    for (field, type) in batch.types ?? [:] { types[field] = FieldType(rawValue: type) }
    try publish(batch.files.map(\.path))
  }

  private func append(_ line: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = try encoder.encode(line) + [0x0A]
    try ExportFile.reporting("\(directory)/\(Self.fileName(subject))") {
      try handle.write(contentsOf: bytes)
      try handle.synchronize()
    }
  }

  private func publish(_ paths: [String]) throws {
    for path in paths { try ExportFile.publish("\(directory)/\(path)") }
    for folder in folders(of: paths) { try ExportFile.settleFolder(folder) }
  }

  /// The folders of files, and those between them and the directory.
  private func folders(of paths: [String]) -> Set<String> {
    var folders: Set<String> = paths.isEmpty ? [] : [directory]
    for path in paths {
      var parts = path.split(separator: "/").dropLast()
      while !parts.isEmpty {
        folders.insert("\(directory)/\(parts.joined(separator: "/"))")
        parts.removeLast()
      }
    }
    return folders
  }

  /// Removes files of this export that were on their way when it ended. O(files).
  private func removeLeftovers() {
    guard let files = FileManager.default.enumerator(atPath: directory) else { return }
    for case let path as String in files {
      let name = path.split(separator: "/").last ?? ""
      // Those of the last batch have their names by now.
      if ExportNames.isPartial(name, subject) {
        try? FileManager.default.removeItem(atPath: "\(directory)/\(path)")
      }
    }
  }
}

/// Names of files: they tell what is in them, and sort by it.
enum ExportNames {
  private static let digits = 20

  /// `weather-00000000000000000001-00000000000000000100.parquet`.
  static func file(_ subject: ExportManifest.Subject, _ seqs: ClosedRange<UInt64>) -> String {
    "\(subject.name)-\(padded(seqs.lowerBound))-\(padded(seqs.upperBound))\(fileEnd(subject))"
  }

  /// Whether it is the name of a file of the export.
  static func isFile(_ name: Substring, _ subject: ExportManifest.Subject) -> Bool {
    let (start, end) = ("\(subject.name)-", fileEnd(subject))
    guard name.hasPrefix(start), name.hasSuffix(end),
      name.utf8.count == start.utf8.count + 2 * digits + 1 + end.utf8.count
    else { return false }
    let seqs = name.dropFirst(start.count).dropLast(end.count).split(separator: "-")
    return seqs.count == 2 && seqs.allSatisfy { UInt64($0) != nil }
  }

  /// Whether it is the hidden name of one.
  static func isPartial(_ name: Substring, _ subject: ExportManifest.Subject) -> Bool {
    name.hasPrefix(".") && name.hasSuffix(".partial")
      && isFile(name.dropFirst().dropLast(".partial".count), subject)
  }

  private static func fileEnd(_ subject: ExportManifest.Subject) -> String {
    ".\(ExportFormat(rawValue: subject.format)?.fileExtension ?? subject.format)"
  }

  private static func padded(_ seq: UInt64) -> String {
    let text = String(seq)
    return String(repeating: "0", count: digits - text.count) + text
  }
}
