import CLMDB

extension Environment {
  /// Doubles the map before a write if over half of it is used and no one uses it now, so that
  /// bodies seldom run into its end.
  func growIfIdle() throws(LMDBError) {
    guard gate.ownIfIdle() else { return }
    defer { gate.disown() }
    guard let session else { return }
    let used = try Self.usedBytes(session, directory)
    guard used > parameters.mapSizeBytes / 2 else { return }
    try setMapSize(atLeast: used)
  }

  /// Makes the map at least twice as large, and large enough for a value of `bytesMissing`, once
  /// every transaction of the process has ended.
  func grow(by bytesMissing: Int) throws(LMDBError) {
    guard gate.own() else { throw error(.nested, "grow the map") }
    defer { gate.disown() }
    guard let session else { return }
    let (needed, overflow) = try Self.usedBytes(session, directory)
      .addingReportingOverflow(bytesMissing)
    try setMapSize(atLeast: overflow ? .max : needed)
  }

  /// Takes the size that another process gave the map, unless someone did so after session
  /// `number`.
  func adoptMapSize(after number: Int) throws(LMDBError) {
    guard gate.own() else { throw error(.mapResized, "begin a transaction") }
    defer { gate.disown() }
    guard number == sessionNumber, let session else { return }
    sessionNumber += 1
    if unsafe mdb_env_set_mapsize(session.handle, 0) != MDB_SUCCESS { try replaceSession() }
  }

  /// Opens LMDB anew after it gave up on a failed write, unless someone did so after session
  /// `number`.
  func reopen(after number: Int) throws(LMDBError) {
    guard gate.own() else { throw error(.panic, "begin a transaction") }
    defer { gate.disown() }
    guard number == sessionNumber, !isClosed else { return }
    try replaceSession()
  }

  /// Moves the map. LMDB takes the old one away first, so when that fails the environment is opened
  /// anew with the size that it had.
  private func setMapSize(atLeast needed: Int) throws(LMDBError) {
    guard let session else { return }
    let old = parameters.mapSizeBytes
    guard needed <= Self.largestMapBytes / 2, old <= Self.largestMapBytes / 2 else {
      throw error(.mapFull, "grow the map", detail: "it has \(old) bytes")
    }
    var size = old * 2
    while size < needed * 2 { size *= 2 }
    if unsafe mdb_env_set_mapsize(session.handle, size) == MDB_SUCCESS {
      parameters.mapSizeBytes = size
      sessionNumber += 1
      return
    }
    try replaceSession()
    throw error(.mapFull, "grow the map", detail: "from \(old) to \(size) bytes")
  }

  private func replaceSession() throws(LMDBError) {
    session?.close()
    session = nil
    sessionNumber += 1
    let replacement = try Session(parameters)
    guard replacement.tables.elementsEqual(parameters.tables.map { table($0).handle }) else {
      replacement.close()
      throw error(.panic, "open anew", detail: "the tables changed their handles")
    }
    session = replacement
  }

  private static func usedBytes(
    _ session: Session, _ directory: String
  ) throws(LMDBError) -> Int {
    try session.info(directory).usedBytes
  }
}
