/// Finds out whether the pages of a data file are as LMDB writes them.
///
/// LMDB itself looks at almost none of it: a pointer that is off by a bit takes it anywhere, and a page
/// that is in the free list by mistake is overwritten.
struct StructureCheck {
  /// What of a commit is looked at.
  enum Scope {
    /// The main tree, whose entries are the tables.
    case main
    /// The main tree and one table, before it is read.
    case table(String)
    /// All trees and the free list, before a page is written. `appendOnly` are tables whose values are
    /// never deleted, so that nothing depends on the headers of their large values.
    case writing(appendOnly: Set<String>)
    /// Everything.
    case all
  }

  let file: PageFile
  let meta: MetaPage
  private(set) var damages: [PageDamage] = []
  /// The tables that the main tree names.
  private(set) var tables: [String: TreeRecord] = [:]
  private(set) var pages = 0
  private var used: PageSet

  init(_ file: PageFile, _ meta: MetaPage) {
    self.file = file
    self.meta = meta
    used = PageSet(through: meta.lastPage)
  }

  /// Walks what `scope` says. Nothing may use the pages of the commit again meanwhile.
  mutating func run(_ scope: Scope) {
    walkMain()
    switch scope {
    case .main: break
    case .table(let name):
      if let record = tables[name] { walkTable(name, record, .placed) }
    case .writing(let appendOnly):
      for (name, record) in tables.sorted(by: { $0.key < $1.key }) {
        walkTable(name, record, appendOnly.contains(name) ? .placed : .headers)
      }
      walkFreeList()
    case .all:
      for (name, record) in tables.sorted(by: { $0.key < $1.key }) {
        walkTable(name, record, .headers)
      }
      walkFreeList()
    }
  }

  private mutating func walkMain() {
    var walk = TreeWalk(file, lastPage: meta.lastPage, name: "main tree", .headers)
    var found: [String: TreeRecord] = [:]
    var strange: [PageDamage] = []
    walk.run(meta.main, &used, &damages) { page, node, _ in
      let name = String(decoding: page.bytes[node.key], as: UTF8.self)
      guard node.isTree, node.value.count == TreeRecord.byteCount else {
        strange.append(PageDamage(page: page.number, what: "main tree: \(name) is no table"))
        return
      }
      let record = TreeRecord(page.bytes, at: node.value.lowerBound)
      if record.flags != 0 || record.pad != 0 {
        strange.append(
          PageDamage(page: page.number, what: "main tree: table \(name) has flags \(record.flags)"))
      }
      found[name] = record
    }
    damages += strange
    tables = found
  }

  private mutating func walkTable(
    _ name: String, _ record: TreeRecord, _ largeValues: TreeWalk.LargeValues
  ) {
    var walk = TreeWalk(file, lastPage: meta.lastPage, name: "table \(name)", largeValues)
    walk.run(record, &used, &damages)
  }

  /// Walks the free list; then every page has to be used or free, and none both.
  private mutating func walkFreeList() {
    var walk = TreeWalk(file, lastPage: meta.lastPage, name: "free list", .whole)
    walk.hasIntegerKeys = true
    var list = FreeList(of: meta)
    var found: [PageDamage] = []
    walk.run(meta.freeList, &used, &damages) { page, node, large in
      list.add(page, node, large, &found)
    }
    damages += found
    list.checkCommit(&damages)
    // Pages below one that is damaged are neither.
    guard damages.isEmpty, meta.lastPage >= 2 else { return }
    for page in 2...meta.lastPage {
      switch (used.contains(page), list.pages.contains(page)) {
      case (true, true):
        damages.append(PageDamage(page: page, what: "it is used, and in the free list"))
      case (false, false):
        damages.append(PageDamage(page: page, what: "it is neither used nor in the free list"))
      default: break
      }
      if damages.count >= 100 { return }
    }
  }
}
