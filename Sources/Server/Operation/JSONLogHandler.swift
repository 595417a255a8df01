import Bytes
import Foundation
import Logging
import Model

/// A log of one JSON object a line: `time`, `level`, `message`, and a field for each entry of metadata.
struct JSONLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: Logging.LogEvent) {
    var writer = JSONObjectWriter()
    writer.field(
      "time", "\(Timestamp(ns: Int64(Date().timeIntervalSince1970 * 1_000_000) * 1_000))")
    writer.field("level", event.level.rawValue)
    writer.field("message", "\(event.message)")
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    for (name, value) in all.sorted(by: { $0.key < $1.key }) { writer.field(name, "\(value)") }
    try? FileHandle.standardError.write(contentsOf: writer.finish() + [0x0A])
  }
}
