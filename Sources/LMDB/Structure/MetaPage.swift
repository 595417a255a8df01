/// What LMDB keeps of one tree: where its root is, and how large it is (`MDB_db`).
struct TreeRecord: Equatable {
  static let byteCount = 48
  static let noRoot = UInt64.max

  let pad: UInt32
  let flags: UInt16
  let depth: Int
  let branchPages: UInt64
  let leafPages: UInt64
  let overflowPages: UInt64
  let entries: UInt64
  let root: UInt64

  init(_ bytes: [UInt8], at offset: Int) {
    pad = bytes.word(offset, as: UInt32.self)
    flags = bytes.word(offset + 4, as: UInt16.self)
    depth = Int(bytes.word(offset + 6, as: UInt16.self))
    branchPages = bytes.word(offset + 8, as: UInt64.self)
    leafPages = bytes.word(offset + 16, as: UInt64.self)
    overflowPages = bytes.word(offset + 24, as: UInt64.self)
    entries = bytes.word(offset + 32, as: UInt64.self)
    root = bytes.word(offset + 40, as: UInt64.self)
  }

  var isEmpty: Bool { root == Self.noRoot }
}

/// One of the two pages that say which commit is the last, and where its trees begin (`MDB_meta`).
///
/// Commit n writes page n % 2, so the two are always of commits that follow each other.
struct MetaPage: Equatable {
  static let byteCount = 152

  let bytes: [UInt8]
  let number: UInt64
  let mapSizeBytes: UInt64
  let freeList: TreeRecord
  let main: TreeRecord
  let lastPage: UInt64
  let commit: UInt64

  /// - Precondition: there are ``byteCount`` bytes.
  init(_ bytes: [UInt8], number: UInt64) {
    self.bytes = bytes
    self.number = number
    mapSizeBytes = bytes.word(32, as: UInt64.self)
    freeList = TreeRecord(bytes, at: 40)
    main = TreeRecord(bytes, at: 88)
    lastPage = bytes.word(136, as: UInt64.self)
    commit = bytes.word(144, as: UInt64.self)
  }

  /// The size of a page, which the free list's record has room for.
  var pageBytes: Int { Int(freeList.pad) }

  /// Whether the page begins as one of LMDB does.
  var hasMagic: Bool { bytes.word(16, as: UInt32.self) == 0xBEEF_C0DE }

  /// What is wrong with the page by itself, but for where its trees begin; nil when nothing is.
  var flaw: String? {
    let isWritten = bytes.word(0, as: UInt64.self) == number && bytes.word(10, as: UInt16.self) == 8
    if !isWritten { return "its header is not that of meta page \(number)" }
    if !hasMagic { return "it does not begin as LMDB's do" }
    let version = bytes.word(20, as: UInt32.self)
    if version != 1 { return "its format version is \(version), not 1" }
    if bytes.word(24, as: UInt64.self) != 0 { return "it asks for a map at a fixed address" }
    if !pageBytes.isPowerOfTwo || !(512...65_536).contains(pageBytes) {
      return "its page size is \(pageBytes) bytes"
    }
    if mapSizeBytes == 0 || mapSizeBytes % UInt64(pageBytes) != 0
      || mapSizeBytes > UInt64(Environment.largestMapBytes)
    {
      return "its map has \(mapSizeBytes) bytes"
    }
    // Of the flags of the environment that made the file, one is kept with those of the free list.
    let (integerKeys, noSubdirectory) = (8 as UInt16, 0x4000 as UInt16)
    if freeList.flags & ~noSubdirectory != integerKeys { return "its flags are \(freeList.flags)" }
    if main.flags != 0 || main.pad != 0 { return "the flags of its main tree are \(main.flags)" }
    if lastPage < 1 || lastPage > UInt64(Environment.largestMapBytes) / UInt64(pageBytes) {
      return "its last page is \(lastPage)"
    }
    return nil
  }

  /// What is wrong with where its trees begin. Only the last commit's page is sure to say: when a page could not be
  /// written, LMDB puts the number and the last page back that stood there, and not the trees (`mdb_env_write_meta`).
  var rootFlaw: String? {
    for (name, tree) in [("free list", freeList), ("main tree", main)] {
      if !tree.isEmpty, !(2...max(lastPage, 2)).contains(tree.root) || tree.root > lastPage {
        return "the root of its \(name) is page \(tree.root) of \(lastPage)"
      }
    }
    return nil
  }
}

extension Int {
  fileprivate var isPowerOfTwo: Bool { self > 0 && self & (self - 1) == 0 }
}

/// Both meta pages, read at one moment.
struct MetaPages: Equatable {
  let pages: [MetaPage]

  var newest: MetaPage { pages[0].commit > pages[1].commit ? pages[0] : pages[1] }
  var oldest: MetaPage { pages[0].commit > pages[1].commit ? pages[1] : pages[0] }

  init(_ pages: [MetaPage]) { self.pages = pages }

  /// Reads the pages of a file whose page size is not known yet; nil when it is too short to have
  /// them.
  init?(descriptor: CInt) {
    let first = PageFile(descriptor: descriptor, pageBytes: MetaPage.byteCount)
      .read(0, byteCount: MetaPage.byteCount)
    guard first.count == MetaPage.byteCount else { return nil }
    let page = MetaPage(first, number: 0)
    // What is no meta page tells no size either, and is judged with what stands where most have the other.
    let file = PageFile(
      descriptor: descriptor, pageBytes: page.flaw == nil ? page.pageBytes : 4_096)
    let second = file.read(1, byteCount: MetaPage.byteCount)
    guard second.count == MetaPage.byteCount, file.sizeBytes >= 2 * file.pageBytes else {
      return nil
    }
    self.init([page, MetaPage(second, number: 1)])
  }

  /// What is wrong with them; nil when nothing is.
  var flaw: PageDamage? {
    for page in pages {
      if let flaw = page.flaw { return PageDamage(page: page.number, what: flaw) }
    }
    if let flaw = newest.rootFlaw { return PageDamage(page: newest.number, what: flaw) }
    if pages[0].pageBytes != pages[1].pageBytes {
      return PageDamage(page: nil, what: "the meta pages tell different page sizes")
    }
    let commits = (pages[0].commit, pages[1].commit)
    // Before the first commit both are of none. Later the older one may say so with the trees of the second, whose page
    // could not be written.
    if commits == (0, 0) {
      let other = pages.first { !$0.freeList.isEmpty || !$0.main.isEmpty }
      return other.map { PageDamage(page: $0.number, what: "its commit is 0") }
    }
    guard newest.commit - oldest.commit == 1, newest.commit % 2 == newest.number else {
      return PageDamage(
        page: nil,
        what: "the meta pages are of commits \(commits.0) and \(commits.1), "
          + "which do not follow each other")
    }
    return nil
  }
}
