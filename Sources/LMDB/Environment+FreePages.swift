import CLMDB
import Glibc

/// What giving pages back to the file system has brought.
public struct FreePageReport: Sendable, Equatable {
  /// Bytes of free pages that the file holds no room for any more.
  public var freeBytes = 0
  /// Bytes that the file takes on the disk, before and after.
  public var diskBytesBefore = 0
  public var diskBytesAfter = 0
}

extension Environment {
  /// Gives the room of free pages back to the file system: they become holes of the file, whose size stays the same. Only
  /// pages that no transaction of any process sees are touched, as LMDB itself would use them again; what is in them is
  /// never read. Nothing is written otherwise, so it may end at any moment. O(free pages).
  ///
  /// - Throws: ``LMDBError``; of code `EOPNOTSUPP` where the file system knows no holes.
  public func giveBackFreePages() throws -> FreePageReport {
    guard mode == .readWrite else { throw error(.readOnly, "give back free pages") }
    try checkStaleReaders()
    var report = FreePageReport()
    // The transaction that writes, and changes nothing, keeps all others from using free pages meanwhile.
    try withWriteHandle { handle, session in
      var descriptor: CInt = -1
      var code = unsafe mdb_env_get_fd(session.handle, &descriptor)
      guard code == MDB_SUCCESS else { throw error(code, "give back free pages") }
      // LMDB shows the free list to a transaction that reads alone.
      var begun: OpaquePointer?
      code = unsafe mdb_txn_begin(session.handle, nil, UInt32(MDB_RDONLY), &begun)
      guard code == MDB_SUCCESS, let reading = unsafe begun else {
        throw error(code, "give back free pages")
      }
      defer { unsafe mdb_txn_abort(reading) }
      let last = unsafe UInt64(mdb_txn_id(reading))
      let next = unsafe UInt64(mdb_txn_id(handle))
      precondition(last + 1 == next, "another commit came between")
      let pages = try unsafe freePages(reading, before: min(last, try oldestReader(session)))
      report.diskBytesBefore = diskBytes(descriptor)
      for run in Self.runs(pages) {
        let (offset, count) = (run.lowerBound * session.pageBytes, run.count * session.pageBytes)
        repeat {
          code = clmdb_punch_hole(descriptor, offset, count) == 0 ? 0 : errno
        } while code == EINTR
        guard code == 0 else { throw error(.init(code), "give back free pages") }
        report.freeBytes += count
      }
      report.diskBytesAfter = diskBytes(descriptor)
    }
    return report
  }

  /// Bytes that the data file takes on the disk; 0 when it cannot be looked at.
  public var diskBytes: Int {
    fileStatus("\(directory)/data.mdb").map { Int($0.st_blocks) * 512 } ?? 0
  }

  /// Bytes of the pages that are free for a later commit, those that others still see among them. O(commits that
  /// let pages go).
  public func freeBytes(_ transaction: borrowing ReadTransaction) throws(LMDBError) -> Int {
    var count = 0
    try unsafe forEachFreeList(transaction.handle, before: .max) {
      (_: UnsafeRawBufferPointer, pages: Int) in count += pages
    }
    return count * (try pageBytes)
  }

  /// The free pages that were let go before commit `oldest`, which is the first that is still seen.
  private func freePages(
    _ handle: OpaquePointer, before oldest: UInt64
  ) throws(LMDBError) -> [Int] {
    var pages: [Int] = []
    try unsafe forEachFreeList(handle, before: oldest) { list, count in
      for index in 0..<count {
        pages.append(unsafe Int(list.loadUnaligned(fromByteOffset: 8 + 8 * index, as: UInt64.self)))
      }
    }
    return pages
  }

  /// Calls `body` for each commit before `oldest` that let pages go, with their number, which their numbers follow in the
  /// list.
  private func forEachFreeList(
    _ handle: OpaquePointer, before oldest: UInt64,
    _ body: (_ list: UnsafeRawBufferPointer, _ count: Int) -> Void
  ) throws(LMDBError) {
    var cursor: OpaquePointer?
    let freeList: MDB_dbi = 0
    let opened = unsafe mdb_cursor_open(handle, freeList, &cursor)
    guard opened == MDB_SUCCESS else { throw error(opened, "read the free list") }
    defer { unsafe mdb_cursor_close(cursor) }
    var (key, value) = unsafe (MDB_val(), MDB_val())
    var code = unsafe mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
    while code == MDB_SUCCESS {
      let commit = unsafe key.bytes.loadUnaligned(as: UInt64.self)
      if commit >= oldest { break }
      // The count of pages and their numbers.
      let list = unsafe value.bytes
      let count = list.count >= 8 ? unsafe Int(list.loadUnaligned(as: UInt64.self)) : -1
      guard count >= 0, count <= list.count / 8 - 1 else {
        throw error(.corrupted, "read the free list")
      }
      unsafe body(list, count)
      code = unsafe mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
    }
    guard code == MDB_SUCCESS || code == MDB_NOTFOUND else {
      throw error(code, "read the free list")
    }
  }

  /// Pages that follow each other.
  private static func runs(_ pages: [Int]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for page in pages.sorted() {
      if let last = runs.last, last.upperBound == page {
        runs[runs.count - 1] = last.lowerBound..<page + 1
      } else {
        runs.append(page..<page + 1)
      }
    }
    return runs
  }

  /// The earliest commit that a transaction of any process sees. One that begins now sees the last.
  private func oldestReader(_ session: Session) throws(LMDBError) -> UInt64 {
    final class Lines {
      var oldest = UInt64.max
    }
    let lines = Lines()
    let context = unsafe Unmanaged.passUnretained(lines).toOpaque()
    // A line has the process, the thread and the commit, or "-" when there is none.
    let code = unsafe mdb_reader_list(
      session.handle,
      { text, context in
        guard let text = unsafe text, let context = unsafe context else { return 0 }
        let fields = unsafe String(cString: text).split { $0 == " " || $0 == "\n" }
        if fields.count == 3, let commit = UInt64(fields[2]) {
          let lines = unsafe Unmanaged<Lines>.fromOpaque(context).takeUnretainedValue()
          lines.oldest = min(lines.oldest, commit)
        }
        return 0
      }, context)
    guard code >= 0 else { throw error(code, "list the readers") }
    return withExtendedLifetime(lines) { lines.oldest }
  }

  private func diskBytes(_ descriptor: CInt) -> Int {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? Int(status.st_blocks) * 512 : 0
  }
}
