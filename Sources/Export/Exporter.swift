import Bytes
import EventLog
import Foundation
import Model
import Store

/// Exports a stream's facts or a KPI's rows: once as one piece, or into a directory that is gone on with.
///
/// The store may be open for reading only, beside a server that writes it. Not `Sendable`: one thread at a time.
public final class Exporter {
  /// What is exported.
  public enum Subject: Sendable {
    case facts(stream: String)
    case kpi(String)
  }

  private let store: Store
  private let what: Subject
  private let settings: ExportSettings

  public init(_ store: Store, _ what: Subject, _ settings: ExportSettings) {
    (self.store, self.what, self.settings) = (store, what, settings)
  }

  private var name: String {
    switch what {
    case .facts(let stream): stream
    case .kpi(let name): name
    }
  }

  // MARK: One piece

  /// Writes all rows, piece by piece. Throws `UnknownStreamError`, `DamageError`, `CancellationError`, and what `write` does.
  /// O(facts).
  public func write(to write: @escaping ([UInt8]) throws -> Void) throws -> ExportReport {
    var report = ExportReport()
    let counted = ByteCount()
    func writer(_ columns: [ExportColumn]) throws -> any TableWriter {
      try settings.format.writer(
        columns, name: name, metadata: [], options: settings.parquet
      ) {
        counted.bytes += $0.count
        try write($0)
      }
    }
    var table: (any TableWriter)?
    switch what {
    case .facts(let stream):
      let facts = try FactExport(store.log, stream: stream, settings)
      (report.lastSeq, report.notes) = (facts.lastSeq, notes(facts))
      let part = try facts.part(after: 0, maxFacts: .max, known: [:])
      let columns = part?.columns ?? FactExport.ownColumns
      let made = try writer(columns)
      table = made
      if let part {
        try facts.forEachRows(of: part) { rows, _ in
          try made.append(rows)
          report.rows += rows.rowCount
          settings.progress(report.rows, 0)
        }
      }
    case .kpi(let name):
      let kpi = KpiExport(store, kpi: name, settings)
      let end = try kpi.end()
      report.lastSeq = end.lastSeq
      let types = try kpi.types(through: end.lastSeq)
      try kpi.forEachRows(after: 0, through: end.lastSeq, types: types) { columns, rows, _ in
        if table == nil { table = try writer(columns) }
        try table?.append(rows)
        report.rows += rows.rowCount
      }
    }
    try table?.finish()
    note(table?.leftOut ?? 0, in: &report)
    (report.bytes, report.files) = (counted.bytes, 1)
    return report
  }

  private final class ByteCount { var bytes = 0 }

  /// Writes all rows to a file, which is there whole or not at all. Throws as ``write(to:)`` does, and ``ExportError``.
  public func write(toFile path: String) throws -> ExportReport {
    let file = ExportFile(path)
    do {
      let report = try write { try file.append($0) }
      try file.settle()
      try file.publish()
      try ExportFile.settleFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
      return report
    } catch {
      file.discard()
      throw error
    }
  }

  // MARK: A directory

  private var manifest: ExportManifest?
  /// Up to there all is exported, or there is nothing to export.
  private var doneSeq: UInt64 = 0

  /// Writes the rows that the directory does not have yet, as files of their own, and notes them in its manifest. What a crash
  /// has left is brought in order first. Throws as ``write(to:)`` does, and ``ExportError``.
  public func advance(in directory: String) throws -> ExportReport {
    switch what {
    case .facts(let stream): try advance(stream: stream, in: directory)
    case .kpi(let name): try advance(kpi: name, in: directory)
    }
  }

  private func advance(stream: String, in directory: String) throws -> ExportReport {
    let facts = try FactExport(store.log, stream: stream, settings)
    let manifest = try opened(directory, definedBySeq: facts.stream.definition.factsSinceSeq)
    try checkNotAhead(manifest, facts.lastSeq, directory)
    var report = ExportReport()
    let first = doneSeq
    let maxFacts = settings.parquet.groupRows * (settings.partition.contains(.date) ? 1 : 4)
    while let part = try facts.part(after: doneSeq, maxFacts: maxFacts, known: manifest.types) {
      let files = PartitionedFiles(
        in: directory, manifest.subject, settings, part.seqs, part.columns)
      do {
        try facts.forEachRows(of: part) { rows, timesNs in
          try files.append(rows, timesNs: timesNs)
          report.rows += rows.rowCount
          settings.progress(report.rows, share(doneSeq, of: first, facts.lastSeq))
        }
      } catch {
        files.discard()
        throw error
      }
      try commit(files, part.seqs, part.types, to: manifest, &report)
    }
    doneSeq = facts.lastSeq
    report.lastSeq = facts.lastSeq
    report.notes += notes(facts)
    return report
  }

  private func share(_ done: UInt64, of first: UInt64, _ last: UInt64) -> Double {
    last > first ? Double(done - first) / Double(last - first) : 1
  }

  private func advance(kpi name: String, in directory: String) throws -> ExportReport {
    let kpi = KpiExport(store, kpi: name, settings)
    let end = try kpi.end()
    let manifest = try opened(directory, definedBySeq: end.definedBySeq)
    try checkNotAhead(manifest, end.lastSeq, directory)
    var report = ExportReport()
    report.lastSeq = end.lastSeq
    if doneSeq >= end.lastSeq { return report }
    if doneSeq > 0, try !kpi.isSame(since: doneSeq) {
      throw ExportError(
        "the stream of KPI \(name) was altered since \(directory) was begun: its files have rows of "
          + "before; export to another directory")
    }
    let seqs = doneSeq + 1...end.lastSeq
    var types = manifest.types
    while true {
      var made: PartitionedFiles?
      var rowCount = 0
      do {
        try kpi.forEachRows(after: doneSeq, through: end.lastSeq, types: types) {
          columns, rows, timesNs in
          let files =
            made ?? PartitionedFiles(in: directory, manifest.subject, settings, seqs, columns)
          made = files
          try files.append(rows, timesNs: timesNs)
          rowCount += rows.rowCount
        }
      } catch let error as KpiExport.OtherType {
        // All rows of the files have the other type then.
        made?.discard()
        types[error.column] = error.type
        continue
      } catch {
        made?.discard()
        throw error
      }
      let found = types.map { (Text($0.key), $0.value) }
      if let made {
        try commit(made, seqs, Dictionary(uniqueKeysWithValues: found), to: manifest, &report)
      }
      report.rows = rowCount
      break
    }
    doneSeq = end.lastSeq
    return report
  }

  /// Makes files part of the directory.
  private func commit(
    _ files: PartitionedFiles, _ seqs: ClosedRange<UInt64>, _ types: [Text: FieldType],
    to manifest: ExportManifest, _ report: inout ExportReport
  ) throws {
    let settled: (files: [ExportManifest.Batch.File], leftOut: Int)
    do { settled = try files.settle() } catch {
      files.discard()
      throw error
    }
    let changed = types.filter { manifest.types[$0.key.string] != $0.value }
    let names = changed.map { ($0.key.string, $0.value.rawValue) }
    do {
      // One without files tells that the events have no rows to export.
      try manifest.commit(
        ExportManifest.Batch(
          firstSeq: seqs.lowerBound, lastSeq: seqs.upperBound, files: settled.files,
          types: names.isEmpty ? nil : Dictionary(uniqueKeysWithValues: names)))
    } catch {
      // To be opened anew, which brings it in order.
      self.manifest = nil
      throw error
    }
    doneSeq = seqs.upperBound
    report.files += settled.files.count
    report.bytes += settled.files.reduce(0) { $0 + $1.bytes }
    note(settled.leftOut, in: &report)
  }

  private func opened(_ directory: String, definedBySeq: UInt64?) throws -> ExportManifest {
    if let manifest {
      if manifest.subject.definedBySeq == definedBySeq { return manifest }
      // Read again, which tells what has changed.
      self.manifest = nil
    }
    let times = settings.times
    let manifest = try ExportManifest(
      directory,
      ExportManifest.Subject(
        export: { if case .kpi = what { "kpi" } else { "facts" } }(), name: name,
        format: settings.format.rawValue,
        partition: settings.partition.map(\.rawValue).sorted(),
        since: times.flatMap {
          $0.lowerBound > .min ? Timestamp(ns: $0.lowerBound).description : nil
        },
        until: times.flatMap {
          $0.upperBound < .max ? Timestamp(ns: $0.upperBound).description : nil
        },
        definedBySeq: definedBySeq))
    (self.manifest, doneSeq) = (manifest, manifest.lastSeq)
    return manifest
  }

  private func checkNotAhead(
    _ manifest: ExportManifest, _ lastSeq: UInt64, _ directory: String
  ) throws {
    if manifest.lastSeq <= lastSeq { return }
    throw ExportError(
      "\(directory) has rows up to event \(manifest.lastSeq), but the store ends with \(lastSeq): it is "
        + "another store, or was restored from a backup; export to another directory")
  }

  // MARK: Notes

  private func notes(_ facts: FactExport) -> [String] {
    let fields = facts.stream.fieldsWithoutColumn
    if fields.isEmpty { return [] }
    return [
      "\(fields.count) fields have no column and are not exported: "
        + fields.prefix(5).map(\.string).joined(separator: ", ") + (fields.count > 5 ? ", ..." : "")
    ]
  }

  private func note(_ leftOut: Int, in report: inout ExportReport) {
    if leftOut == 0 { return }
    report.rows -= leftOut
    report.notes.append(
      "\(leftOut) rows have no field that is not a tag, and line protocol has no such points")
  }
}
