import LMDB
import Testing

/// What two processes on one directory do to each other.
@Suite(.enabled(if: OtherProcess.isAvailable, "needs /usr/bin/python3 and liblmdb.so.0"))
struct ProcessTests {
  let directory = TemporaryDirectory()

  @Test func aSecondWritingProcessIsRefusedAndAReaderIsNot() throws {
    try Environment.forTest(directory).close()
    let writer = try OtherProcess(
      """
      f = open(sys.argv[1] + "/writer.lock", "w")
      fcntl.flock(f, fcntl.LOCK_EX)
      f.write(str(os.getpid())); f.flush()
      print("ready", flush=True); sys.stdin.read()
      """, directory.path)
    let error = #expect(throws: LMDBError.self) { _ = try Environment.forTest(directory) }
    #expect(error?.code == .inUse)
    #expect(error?.detail == "process \(writer.pid)")
    try Environment.forTest(directory, mode: .readOnly).close()
    #expect(try writer.finish().status == 0)
    _ = try Environment.forTest(directory)
  }

  @Test func theWriterLockNamesItsHolderToOthers() throws {
    let environment = try Environment.forTest(directory)
    let (output, _) = try OtherProcess.run(
      """
      f = open(sys.argv[1] + "/writer.lock")
      try:
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print("free")
      except BlockingIOError:
        print(int(f.read()) == os.getppid())
      """, directory.path)
    #expect(output == "True\n")
    environment.close()
  }

  @Test func anotherProcessReadsWhatIsCommitted() throws {
    let environment = try Environment.forTest(directory)
    try environment.write { try $0.put(environment.points, Key(7), Array("seven".utf8)) }
    let reader = try OtherProcess(
      """
      env = open_env(RDONLY)
      txn, dbi = begin(env, RDONLY)
      print("ready", flush=True); sys.stdin.read()
      print(get(txn, dbi, 7).decode())
      lib.mdb_txn_abort(txn)
      txn, dbi = begin(env, RDONLY)
      print(get(txn, dbi, 7).decode())
      """, directory.path)
    try environment.write { try $0.put(environment.points, Key(7), Array("eight".utf8)) }
    #expect(try reader.finish().output == "seven\neight\n")
  }

  @Test func aReaderFollowsAWriterThatGrowsTheMap() throws {
    try Environment.forTest(directory).close()
    let environment = try Environment.forTest(directory, mode: .readOnly)
    let points = environment.points
    let before = try environment.info.mapSizeBytes
    let writer = try OtherProcess(
      """
      env = open_env(0, 1 << 26)
      for n in range(64):
        txn, dbi = begin(env, 0)
        put(txn, dbi, n, bytes([n]) * 262144)
        ok(lib.mdb_txn_commit(txn))
        if n == 0: print("ready", flush=True)
      """, directory.path)
    var last = 0
    while last < 64 {
      let count = try environment.read { transaction in
        var cursor = try transaction.cursor(points)
        var count: UInt8 = 0
        while try cursor.next() {
          let value = cursor.value
          #expect(Key.uint8(in: value, at: 262_143) == count)
          count += 1
        }
        return Int(count)
      }
      #expect(count >= last)
      last = count
    }
    #expect(try writer.finish().status == 0)
    #expect(try environment.info.mapSizeBytes > before)
  }

  @Test func theSlotsOfDeadReadersAreFreed() throws {
    let environment = try Environment.forTest(directory)
    let (output, _) = try OtherProcess.run(
      """
      env = open_env(RDONLY)
      txn, dbi = begin(env, RDONLY)
      print("reading", flush=True)
      os._exit(0)
      """, directory.path)
    #expect(output == "reading\n")
    #expect(try environment.checkStaleReaders() == 1)
    #expect(try environment.checkStaleReaders() == 0)
  }
}
