import CLMDB
import Glibc

extension Session {
  /// Refuses a file whose meta pages are not what the last two commits wrote, before LMDB maps it: they
  /// decide which commit is the last, and a file that ends before its pages would be a bus error.
  ///
  /// A writer of another process may change them meanwhile; what is judged was there before and after.
  static func checkMetaPages(_ parameters: Parameters) throws(LMDBError) {
    let directory = parameters.directory
    // Of a pipe it would otherwise wait for a writer.
    let file = unsafe Glibc.open("\(directory)/data.mdb", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw LMDBError(.init(errno).asNotFound, "open data.mdb", path: directory)
    }
    // This process has the directory not open yet, so closing drops no lock.
    defer { _ = Glibc.close(file) }
    var status = stat()
    guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw LMDBError(
        .notADatabase, "open", path: directory, detail: "it is a directory, a pipe or a device")
    }
    for _ in 0..<1_000 {
      let metas = MetaPages(descriptor: file)
      let flaw = flaw(metas, file)
      guard MetaPages(descriptor: file) == metas else { continue }
      guard let flaw else { return }
      let isOther = metas.map { !$0.pages[0].hasMagic && !$0.pages[1].hasMagic } ?? false
      throw LMDBError(
        isOther ? .notADatabase : .corrupted, "open", path: directory, detail: "\(flaw)")
    }
    throw LMDBError(
      .init(EBUSY), "open", path: directory, detail: "the writer commits faster than can be read")
  }

  private static func flaw(_ metas: MetaPages?, _ file: CInt) -> PageDamage? {
    guard let metas else {
      var status = stat()
      let size = unsafe fstat(file, &status) == 0 ? Int(status.st_size) : 0
      return PageDamage(page: nil, what: "it has \(size) bytes, less than its first two pages")
    }
    if let flaw = metas.flaw { return flaw }
    let pages = PageFile(descriptor: file, pageBytes: metas.newest.pageBytes)
    do throws(PageDamage) {
      let newest = try FreeList.newest(metas.newest, pages)
      if let flaw = FreeList.flaw(newest: newest, commit: metas.newest.commit) { return flaw }
    } catch {
      return error
    }
    return flawOfOlder(metas.oldest, pages)
  }

  /// The page of the commit before the last tells whether that was not the last one but for a changed number. It may
  /// have the trees of a commit, the next but one, whose page could not be written; then nothing can be told.
  private static func flawOfOlder(_ meta: MetaPage, _ pages: PageFile) -> PageDamage? {
    guard meta.rootFlaw == nil else { return nil }
    do throws(PageDamage) {
      let commit = try FreeList.newest(meta, pages)
      if commit == meta.commit + 2 { return nil }
      return FreeList.flaw(newest: commit, commit: meta.commit)
    } catch {
      return nil
    }
  }

  /// Refuses pages that LMDB must not come to: for writing any, for reading those of the main tree; and
  /// a database that has lost tables. Gives the later tables that it does not have.
  static func checkPages(
    _ parameters: Parameters, _ handle: OpaquePointer
  ) throws(LMDBError) -> [String] {
    let directory = parameters.directory
    let scope: StructureCheck.Scope =
      switch parameters.mode {
      case .readOnly: .main
      case .readWrite: .writing(appendOnly: parameters.appendOnlyTables)
      }
    let check = try unsafe structure(handle, directory, scope)
    try check.requireSound(directory, "open")
    let isNew = check.tables.isEmpty && check.meta.commit == 0
    let absent = parameters.tables.filter { check.tables[$0] == nil }
    let missing = absent.filter { !parameters.laterTables.contains($0) }
    guard missing.isEmpty || isNew else {
      let list = missing.joined(separator: ", ")
      throw LMDBError(
        .corrupted, "open", path: directory,
        detail: missing.count == 1
          ? "its table \(list) is missing" : "its tables \(list) are missing")
    }
    return absent
  }

  /// What the last commit's pages are like, of which a reader's slot is held meanwhile.
  static func structure(
    _ handle: OpaquePointer, _ directory: String, _ scope: StructureCheck.Scope
  ) throws(LMDBError) -> StructureCheck {
    for _ in 0..<100 {
      var begun: OpaquePointer?
      let code = unsafe mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &begun)
      guard code == MDB_SUCCESS, let transaction = unsafe begun else {
        throw LMDBError(.init(code), "check the pages", path: directory)
      }
      defer { unsafe mdb_txn_abort(transaction) }
      let commit = unsafe UInt64(mdb_txn_id(transaction))
      if let check = try unsafe structure(handle, directory, scope, ofCommit: commit) {
        return check
      }
    }
    throw LMDBError(
      .corrupted, "check the pages", path: directory,
      detail: "no meta page is of the commit that is read")
  }

  /// What the pages of `commit` are like, which a transaction of the caller sees; nil when two other
  /// commits have taken the meta pages since.
  static func structure(
    _ handle: OpaquePointer, _ directory: String, _ scope: StructureCheck.Scope,
    ofCommit commit: UInt64
  ) throws(LMDBError) -> StructureCheck? {
    var descriptor: CInt = -1
    let code = unsafe mdb_env_get_fd(handle, &descriptor)
    guard code == MDB_SUCCESS else {
      throw LMDBError(.init(code), "check the pages", path: directory)
    }
    guard let metas = MetaPages(descriptor: descriptor) else {
      throw LMDBError(.corrupted, "check the pages", path: directory, detail: "it is cut short")
    }
    guard let meta = metas.pages.first(where: { $0.commit == commit && $0.flaw == nil }) else {
      return nil
    }
    let file = PageFile(descriptor: descriptor, pageBytes: meta.pageBytes)
    var check = StructureCheck(file, meta)
    // The last pages may be free and never written; if others are missing, none may be read.
    let isShort = UInt64(file.sizeBytes / file.pageBytes) <= meta.lastPage
    check.run(isShort ? .all : scope)
    return check
  }
}

extension StructureCheck {
  /// Throws an error that names the damages.
  func requireSound(_ directory: String, _ operation: String) throws(LMDBError) {
    if damages.isEmpty { return }
    let named = damages.prefix(3).map(\.description).joined(separator: "; ")
    let more = damages.count > 3 ? "; and \(damages.count - 3) more" : ""
    throw LMDBError(.corrupted, operation, path: directory, detail: named + more)
  }
}

extension Environment {
  /// Throws ``LMDBError/Code/corrupted`` if a page of the table is damaged. In an environment for
  /// reading the pages are looked at once, at the first use; those that a writer makes later are
  /// trusted. O(pages of the table's tree) at the first use, then O(1).
  func requireSound(
    _ table: Table, _ transaction: borrowing ReadTransaction
  ) throws(LMDBError) {
    let bit = 1 << (UInt64(table.handle) % 64) as UInt64
    if soundTables.load(ordering: .relaxed) & bit != 0 { return }
    let check = try structure(.table(name(of: table)), transaction)
    try check.requireSound(directory, "read the table \(name(of: table))")
    soundTables.bitwiseOr(bit, ordering: .relaxed)
  }

  /// Looks at every page that is in use, and at the free list, and gives what is wrong. O(pages of
  /// trees + large values).
  public func checkStructure() throws -> [PageDamage] {
    try read { (transaction: borrowing ReadTransaction) in
      try structure(.all, transaction).damages
    }
  }

  private func structure(
    _ scope: StructureCheck.Scope, _ transaction: borrowing ReadTransaction
  ) throws(LMDBError) -> StructureCheck {
    guard let session else { throw error(isClosed ? .closed : .panic, "check the pages") }
    let commit = UInt64(transaction.commitNumber)
    if let check = try unsafe Session.structure(
      session.handle, directory, scope, ofCommit: commit)
    {
      return check
    }
    return try unsafe Session.structure(session.handle, directory, scope)
  }
}
