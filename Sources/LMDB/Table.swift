import CLMDB

/// A named table of an ``Environment``: a sorted map from keys to values.
///
/// Use it with the environment that gave it. With another it names another table or none, which is
/// a wrong answer or an error, but nothing unsafe.
public struct Table: Sendable, Hashable {
  let handle: MDB_dbi
}

/// The shape of a table's tree.
public struct TableStatistics: Sendable, Hashable {
  /// The number of entries.
  public let entries: Int
  /// The levels of the tree; 0 when it is empty.
  public let depth: Int
  /// The pages that hold keys and small values.
  public let treePages: Int
  /// The pages that hold values too large for a page of the tree.
  public let overflowPages: Int
}

/// The state of an environment at one moment.
public struct EnvironmentInfo: Sendable, Hashable {
  /// The address space set aside for the data file; it grows by itself.
  public let mapSizeBytes: Int
  /// The unit in which the file is read and written.
  public let pageSizeBytes: Int
  /// The number of the last page ever used.
  public let lastPageNumber: Int
  /// The number of the last committed write transaction.
  public let lastTransactionID: Int
  /// The most reader slots that were taken at once, over all processes.
  public let readers: Int
  /// The reader slots there are.
  public let maxReaders: Int
  /// Whether this reader works without `lock.mdb`, unknown to writers: the directory cannot be
  /// written. A writer that reaches it by another way would make what is read here unreliable.
  public let isLockless: Bool

  /// The bytes of the data file up to the last page used, free pages included.
  public var usedBytes: Int { (lastPageNumber + 1) * pageSizeBytes }
}
