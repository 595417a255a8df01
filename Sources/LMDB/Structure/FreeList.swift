/// The pages that LMDB may use again: for each commit those that it let go, in a tree of their own.
struct FreeList {
  private(set) var pages: PageSet
  private let lastPage: UInt64
  private let commit: UInt64
  /// The commit of the last entry.
  private var newest: UInt64?

  init(of meta: MetaPage) {
    lastPage = meta.lastPage
    commit = meta.commit
    pages = PageSet(through: lastPage)
  }

  /// Takes one entry: the commit, and the count of pages and their numbers, the highest first.
  mutating func add(
    _ page: TreePage, _ node: TreePage.Node, _ large: [UInt8]?, _ damages: inout [PageDamage]
  ) {
    func fail(_ what: String) {
      damages.append(PageDamage(page: page.number, what: "free list: \(what)"))
    }
    let list = large ?? Array(page.bytes[node.value])
    guard node.key.count == 8, list.count >= 8, list.count % 8 == 0 else {
      return fail("an entry has \(list.count) bytes")
    }
    newest = page.bytes.word(node.key.lowerBound, as: UInt64.self)
    let count = list.word(0, as: UInt64.self)
    guard count <= UInt64(list.count / 8 - 1) else { return fail("an entry has \(count) pages") }
    var before = lastPage + 1
    for index in 0..<Int(count) {
      let free = list.word(8 + 8 * index, as: UInt64.self)
      guard free >= 2, free < before else { return fail("page \(free) follows page \(before)") }
      guard pages.insert(free) else { return fail("page \(free) is in it twice") }
      before = free
    }
  }

  /// Every commit lets pages go, so the last entry is its own; before the second there was nothing to
  /// let go. It tells a meta page whose commit's number has changed from one that is what it says.
  func checkCommit(_ damages: inout [PageDamage]) {
    if let flaw = Self.flaw(newest: newest, commit: commit) { damages.append(flaw) }
  }

  static func flaw(newest: UInt64?, commit: UInt64) -> PageDamage? {
    if newest == commit || newest == nil && commit <= 1 { return nil }
    return PageDamage(
      page: nil,
      what: "a meta page is of commit \(commit), and its free list of "
        + (newest.map { "commit \($0)" } ?? "none"))
  }

  /// The commit of the last entry, found without a walk; nil when there is none. O(depth).
  static func newest(_ meta: MetaPage, _ file: PageFile) throws(PageDamage) -> UInt64? {
    if meta.freeList.isEmpty { return nil }
    var number = meta.freeList.root
    for level in stride(from: meta.freeList.depth, to: 0, by: -1) {
      guard number >= 2, number <= meta.lastPage, let bytes = file.page(number) else {
        throw PageDamage(page: number, what: "free list: it lies beyond the end of the file")
      }
      let page = try TreePage(bytes, number: number, isLeaf: level == 1)
      guard let last = page.nodes.last else { break }
      if page.isLeaf, last.key.count == 8 {
        return bytes.word(last.key.lowerBound, as: UInt64.self)
      }
      number = last.page ?? 0
    }
    throw PageDamage(page: number, what: "free list: its depth is \(meta.freeList.depth)")
  }
}
