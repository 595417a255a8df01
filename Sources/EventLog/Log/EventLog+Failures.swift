import LMDB

extension EventLog {
  /// Whether an error says that the disk has no room, or does not read or write.
  package static func isFailureOfDisk(_ error: any Error) -> Bool {
    guard let error = error as? LMDBError else { return false }
    return [.diskFull, .ioError, .fileTooLarge].contains(error.code)
  }

  /// Whether an error says that another process has the log open for writing.
  package static func isInUse(_ error: any Error) -> Bool {
    (error as? LMDBError)?.code == .inUse
  }
}
