import Foundation
import Model

/// Files that schedules write, all in one directory.
enum OutputFile {
  static let noDirectory =
    "there is no directory for files: set outputs.directory, and start the server again"

  /// The path with what `{date}` and `{time}` stand for: `2024-06-01` and `0630`, on local clocks.
  static func name(_ path: String, localNs: Int64) -> String {
    let minute = localNs.flooredQuotient(60_000_000_000)
    let date = CivilDate(daysSinceEpoch: Int(minute.flooredQuotient(1_440)))
    let minuteOfDay = minute.flooredRemainder(1_440)
    return
      path
      .replacing(
        "{date}",
        with: "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))"
      )
      .replacing(
        "{time}", with: digits(Int(minuteOfDay / 60), 2) + digits(Int(minuteOfDay % 60), 2))
  }

  private static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }

  /// Puts `bytes` in the place of what the file was, all or nothing, and returns when that is durable. Folders below
  /// `directory` are made; one of them that is a link is refused, since it may lead elsewhere.
  static func write(_ bytes: [UInt8], to path: String, in directory: String) throws {
    if directory.isEmpty { throw OutputRefusal(noDirectory) }
    let file = URL(fileURLWithPath: directory).appendingPathComponent(path)
    var folder = URL(fileURLWithPath: directory)
    for part in path.split(separator: "/").dropLast() {
      folder.appendPathComponent(String(part))
      if (try? FileManager.default.destinationOfSymbolicLink(atPath: folder.path)) != nil {
        throw OutputRefusal("\(folder.path) is a link, which may lead out of \(directory)")
      }
    }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(bytes).write(to: file, options: .atomic)
      for place in [file, folder] {
        let handle = try FileHandle(forReadingFrom: place)
        try handle.synchronize()
        try handle.close()
      }
    } catch {
      throw OutputFailure("\(file.path) cannot be written: \(FileReason.of(error))")
    }
  }
}
