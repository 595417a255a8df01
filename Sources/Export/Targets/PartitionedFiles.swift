import Foundation
import Model

/// The files of one batch: one, or one for each day.
final class PartitionedFiles {
  private let directory: String
  private let subject: ExportManifest.Subject
  private let settings: ExportSettings
  private let seqs: ClosedRange<UInt64>
  private let columns: [ExportColumn]
  private var files: [Int64?: (file: ExportFile, path: String, table: any TableWriter, rows: Int)] =
    [:]

  /// About what all files hold back together before all of them write it.
  private static let maxHeldBytes = 256 << 20

  init(
    in directory: String, _ subject: ExportManifest.Subject, _ settings: ExportSettings,
    _ seqs: ClosedRange<UInt64>, _ columns: [ExportColumn]
  ) {
    (self.directory, self.subject, self.settings) = (directory, subject, settings)
    (self.seqs, self.columns) = (seqs, columns)
  }

  /// Adds rows, and `timesNs` of each. O(bytes).
  func append(_ rows: ExportRows, timesNs: [Int64]) throws {
    if rows.rowCount == 0 { return }
    if settings.partition.contains(.date) {
      let days = timesNs.map { $0.flooredQuotient(Self.dayNs) }
      if let day = days.first, days.allSatisfy({ $0 == day }) {
        try append(rows, day: day)
      } else {
        var rowsOfDays: [Int64: [Int]] = [:]
        for (row, day) in days.enumerated() { rowsOfDays[day, default: []].append(row) }
        for day in rowsOfDays.keys.sorted() {
          try append(rows.picked(rowsOfDays[day] ?? []), day: day)
        }
      }
    } else {
      try append(rows, day: nil)
    }
    let held = files.values.reduce(0) { $0 + $1.file.heldBytes + $1.table.heldBytes }
    if held >= Self.maxHeldBytes {
      for entry in files.values { try entry.table.flush() }
    }
  }

  private static let dayNs: Int64 = 86_400_000_000_000

  private func append(_ rows: ExportRows, day: Int64?) throws {
    if files[day] == nil {
      let path = path(day)
      let file = ExportFile("\(directory)/\(path)")
      let table = try settings.format.writer(
        columns, name: subject.name, metadata: metadata, options: settings.parquet
      ) { try file.append($0) }
      files[day] = (file, path, table, 0)
    }
    try files[day]?.table.append(rows)
    files[day]?.rows += rows.rowCount
  }

  private func path(_ day: Int64?) -> String {
    var folders: [String] = []
    if settings.partition.contains(.stream) {
      folders.append("\(subject.export == "kpi" ? "kpi" : "stream")=\(subject.name)")
    }
    if let day { folders.append("date=\(CivilDate(daysSinceEpoch: Int(day)).text)") }
    return (folders + [ExportNames.file(subject, seqs)]).joined(separator: "/")
  }

  /// What the footer of a file of Parquet says of where it is from.
  private var metadata: [(key: String, value: String)] {
    [
      ("nilo.\(subject.export)", subject.name), ("nilo.first_seq", "\(seqs.lowerBound)"),
      ("nilo.last_seq", "\(seqs.upperBound)"),
    ]
  }

  /// Makes the files durable under their hidden names, and gives what the manifest says of them.
  func settle() throws -> (files: [ExportManifest.Batch.File], leftOut: Int) {
    var leftOut = 0
    let settled = try files.values.map { entry in
      try entry.table.finish()
      try entry.file.settle()
      leftOut += entry.table.leftOut
      return ExportManifest.Batch.File(
        path: entry.path, rows: entry.rows - entry.table.leftOut, bytes: entry.file.byteCount)
    }
    return (settled.sorted { $0.path < $1.path }, leftOut)
  }

  /// Removes what was written.
  func discard() { for entry in files.values { entry.file.discard() } }
}

extension CivilDate {
  /// `2024-06-01`.
  fileprivate var text: String {
    func digits(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
  }
}
