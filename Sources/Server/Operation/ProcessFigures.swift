import Foundation

/// What the system says of the process.
struct ProcessFigures {
  var residentBytes: Int
  var openFiles: Int

  private static let pageBytes = 4_096

  /// Nil where there is no /proc.
  static func read() -> ProcessFigures? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    return ProcessFigures(residentBytes: pages * pageBytes, openFiles: files?.count ?? 0)
  }
}
