import CLMDB
import Glibc

/// Why an operation of an ``Environment`` did not succeed.
///
/// Compare ``code`` to the static codes to decide what to do; print the error to tell a person what
/// happened, where, and what helps.
public struct LMDBError: Error, Sendable, Equatable {
  /// What happened.
  public let code: Code

  /// What was being done, for example `put`.
  public let operation: String

  /// The directory of the environment.
  public let path: String

  /// What is known beyond the code, for example the process that holds a lock.
  public let detail: String?

  init(_ code: Code, _ operation: String, path: String, detail: String? = nil) {
    self.code = code
    self.operation = operation
    self.path = path
    self.detail = detail
  }
}

extension LMDBError {
  /// An opaque code: one of LMDB, of the operating system, or of this module.
  public struct Code: Sendable, Hashable {
    let rawValue: CInt

    init(_ rawValue: CInt) {
      self.rawValue = rawValue
    }
  }
}

extension LMDBError.Code {
  /// The database, the table or the file does not exist.
  public static let notFound = Self(MDB_NOTFOUND)
  /// The key exists already and `noOverwrite` was asked for.
  public static let keyExists = Self(MDB_KEYEXIST)
  /// The map cannot grow further: the address space of the process ends.
  public static let mapFull = Self(MDB_MAP_FULL)
  /// Another process made the map larger while this thread has a transaction open.
  public static let mapResized = Self(MDB_MAP_RESIZED)
  /// Every reader slot is taken.
  public static let readersFull = Self(MDB_READERS_FULL)
  /// A page is not what it should be.
  public static let corrupted = Self(MDB_CORRUPTED)
  /// A page that is referred to lies outside the file.
  public static let pageNotFound = Self(MDB_PAGE_NOTFOUND)
  /// LMDB refuses to go on after a failed write and could not be opened again.
  public static let panic = Self(MDB_PANIC)
  /// The file is no LMDB database.
  public static let notADatabase = Self(MDB_INVALID)
  /// The file was written by an LMDB of another format.
  public static let unsupportedVersion = Self(MDB_VERSION_MISMATCH)
  /// The transaction holds more changed pages than LMDB can track.
  public static let transactionTooLarge = Self(MDB_TXN_FULL)
  /// An earlier operation of the transaction failed; it cannot commit.
  public static let badTransaction = Self(MDB_BAD_TXN)
  /// The key is empty or over 511 bytes, or the value is over 4 GiB.
  public static let badSize = Self(MDB_BAD_VALSIZE)
  /// The disk, or the quota, has no room left.
  public static let diskFull = Self(ENOSPC)
  /// A file would be larger than the process, or the file system, may make it.
  public static let fileTooLarge = Self(EFBIG)
  /// The file system cannot do it.
  public static let notSupported = Self(EOPNOTSUPP)
  /// A read or write of the disk failed.
  public static let ioError = Self(EIO)
  /// The operating system does not permit it.
  public static let permissionDenied = Self(EACCES)
  /// Another process has the directory open for writing.
  public static let inUse = Self(-1)
  /// This process has the directory open already.
  public static let alreadyOpen = Self(-2)
  /// The environment is closed.
  public static let closed = Self(-3)
  /// The environment was opened for reading only.
  public static let readOnly = Self(-4)
  /// A write was begun by a thread that is inside a `read` or `write`.
  public static let nested = Self(-5)
  /// A key was appended that does not sort after the last one.
  public static let outOfOrder = Self(-6)
  /// The destination of a copy holds a database already.
  public static let destinationExists = Self(-7)
  /// This process may not write `lock.mdb`, and another writes to the database now.
  public static let lockNotWritable = Self(-8)
  /// A process that may not write `lock.mdb` reads the database, which must not change meanwhile.
  public static let isRead = Self(-9)
}

extension LMDBError.Code: CustomStringConvertible {
  public var description: String {
    switch self {
    case .inUse: "another process has it open for writing"
    case .alreadyOpen: "this process has it open already"
    case .closed: "the environment is closed"
    case .readOnly: "the environment is open for reading only"
    case .nested: "this thread is inside a transaction already"
    case .outOfOrder: "the appended key does not sort after the last key of the table"
    case .destinationExists: "the destination holds a database already"
    case .notFound: "not found"
    case .mapFull: "the memory map cannot grow further"
    case .diskFull: "no room left on the disk"
    case .fileTooLarge: "the file size limit is reached"
    case .badSize: "the size of the key or of the value is not allowed"
    case .isRead: "a process that may not write lock.mdb reads it, and it must not change"
    case .lockNotWritable:
      "another process writes to it, and would not know of this reader, who may not write lock.mdb"
    case .keyExists: "the key exists already"
    case .corrupted: "data.mdb is damaged"
    case .pageNotFound: "data.mdb is damaged: a page is missing"
    case .notADatabase: "data.mdb is no database"
    case .unsupportedVersion: "data.mdb has the format of another LMDB"
    case .mapResized: "another process has made the file larger"
    case .readersFull: "too many readers at once, over all processes"
    case .panic: "an earlier write failed, and the file could not be opened again"
    case .transactionTooLarge: "the transaction has changed too many pages"
    case .badTransaction: "an earlier operation of the transaction failed"
    case .ioError: "the disk could not be read or written"
    case .permissionDenied: "not permitted"
    default: unsafe String(cString: mdb_strerror(rawValue))
    }
  }

  var advice: String? {
    switch self {
    case .inUse: "stop the other writer, or open for reading only"
    case .alreadyOpen: "share the one Environment; LMDB forbids a second one in a process"
    case .nested: "begin the write outside; or pass the transaction on"
    case .mapFull, .transactionTooLarge: "commit in smaller parts"
    case .mapResized: "end the outer transaction, then begin again"
    case .readersFull: "close unused readers or open with more maxReaders"
    case .corrupted, .pageNotFound: "restore from a backup"
    case .notADatabase: "check the path; restore from a backup if it is right"
    case .unsupportedVersion: "export with the program that wrote it"
    case .diskFull: "free some room; what was committed is kept and reading goes on"
    case .fileTooLarge:
      "raise the limit of the process (ulimit -f) or of the file system; what was committed is kept"
    case .ioError: "check the disk; what was committed is kept"
    case .panic: "close and open again"
    case .permissionDenied: "check the owner and the mode of the files"
    case .isRead: "wait for the reader to end, or let it write lock.mdb"
    case .lockNotWritable:
      "let this user write lock.mdb, or read while nobody writes"
    case .destinationExists: "choose an empty directory"
    case .badSize: "keys have 1 to 511 bytes, values up to 4 GiB"
    default: nil
    }
  }
}

extension LMDBError: CustomStringConvertible {
  public var description: String {
    var text = "\(path): \(operation): \(code)"
    if let detail { text += " (\(detail))" }
    if let advice = code.advice { text += "; \(advice)" }
    return text
  }
}
