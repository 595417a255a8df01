import Foundation
import Logging

/// The server's log, on standard error.
enum LogLines {
  static func logger(_ settings: ServerSettings) -> Logger {
    var logger = Logger(label: "nilo") { label in
      switch settings.logFormat {
      case .text: StreamLogHandler.standardError(label: label)
      case .json: JSONLogHandler()
      }
    }
    logger.logLevel = Logger.Level(rawValue: settings.logLevel) ?? .info
    return logger
  }
}
