import LMDB

extension EventLog {
  /// Whether an error says that the disk has no room, or does not read or write.
  package static func isFailureOfDisk(_ error: any Error) -> Bool {
    guard let error = error as? LMDBError else { return false }
    return [.diskFull, .ioError, .fileTooLarge].contains(error.code)
  }
}
