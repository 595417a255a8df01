/// Walks every page of a tree, and compares what it finds with the tree's record.
///
/// A walk goes on beside a page that is damaged, so that one walk finds all; it never follows a page
/// twice.
struct TreeWalk {
  /// How far the pages of large values are looked at.
  enum LargeValues {
    /// They are placed by their sizes, and not read: for tables whose values are never deleted.
    case placed
    /// The header of each is read.
    case headers
    /// They are read whole, for the visitor.
    case whole
  }

  /// LMDB's cursors go no deeper.
  private static let maxDepth = 32

  let file: PageFile
  let lastPage: UInt64
  /// The tree's name, for messages.
  let name: String
  let largeValues: LargeValues
  /// Whether keys are integers of 8 bytes, as in the free list.
  var hasIntegerKeys = false
  private var branchPages: UInt64 = 0
  private var leafPages: UInt64 = 0
  private var overflowPages: UInt64 = 0
  private var entries: UInt64 = 0

  init(_ file: PageFile, lastPage: UInt64, name: String, _ largeValues: LargeValues) {
    self.file = file
    self.lastPage = lastPage
    self.name = name
    self.largeValues = largeValues
  }

  /// Walks the tree, adds its pages to `used`, and calls `visit` for each entry of a leaf with the page,
  /// the node and, where they are read, the bytes of a large value. O(pages of the tree).
  mutating func run(
    _ record: TreeRecord, _ used: inout PageSet, _ damages: inout [PageDamage],
    _ visit: (TreePage, TreePage.Node, [UInt8]?) -> Void = { _, _, _ in }
  ) {
    let before = damages.count
    if !record.isEmpty {
      guard (1...Self.maxDepth).contains(record.depth) else {
        damages.append(damage(nil, "its depth is \(record.depth)"))
        return
      }
      walk(record.root, record.depth, nil, nil, &used, &damages, visit)
    }
    // What is damaged was not counted.
    guard damages.count == before else { return }
    let isEqual =
      branchPages == record.branchPages && leafPages == record.leafPages
      && (largeValues == .placed || overflowPages == record.overflowPages)
      && entries == record.entries && (!record.isEmpty || record.depth == 0)
    if !isEqual {
      damages.append(
        damage(
          nil,
          "it has \(entries) entries in \(branchPages), \(leafPages) and \(overflowPages) pages, "
            + "and its record says \(record.entries) in \(record.branchPages), \(record.leafPages) "
            + "and \(record.overflowPages)"))
    }
  }

  private func damage(_ page: UInt64?, _ what: String) -> PageDamage {
    PageDamage(page: page, what: "\(name): \(what)")
  }

  /// Walks the page `number`, whose keys are from `low` on and before `high`.
  private mutating func walk(
    _ number: UInt64, _ depth: Int, _ low: [UInt8]?, _ high: [UInt8]?, _ used: inout PageSet,
    _ damages: inout [PageDamage], _ visit: (TreePage, TreePage.Node, [UInt8]?) -> Void
  ) {
    let page: TreePage
    do throws(PageDamage) {
      try take(number, 1, &used)
      page = try load(number, isLeaf: depth == 1)
      try checkOrder(page, low, high)
    } catch {
      damages.append(error)
      return
    }
    if page.isLeaf {
      leafPages += 1
      entries += UInt64(page.nodes.count)
      for node in page.nodes { walk(node, of: page, &used, &damages, visit) }
      return
    }
    branchPages += 1
    for (index, node) in page.nodes.enumerated() {
      let isLast = index + 1 == page.nodes.count
      walk(
        node.page ?? 0, depth - 1, index == 0 ? low : Array(page.bytes[node.key]),
        isLast ? high : Array(page.bytes[page.nodes[index + 1].key]), &used, &damages, visit)
    }
  }

  private func load(_ number: UInt64, isLeaf: Bool) throws(PageDamage) -> TreePage {
    guard let bytes = file.page(number) else {
      throw damage(number, "it lies beyond the end of the file")
    }
    do throws(PageDamage) {
      return try TreePage(bytes, number: number, isLeaf: isLeaf)
    } catch {
      throw damage(error.page, error.what)
    }
  }

  private mutating func walk(
    _ node: TreePage.Node, of page: TreePage, _ used: inout PageSet,
    _ damages: inout [PageDamage], _ visit: (TreePage, TreePage.Node, [UInt8]?) -> Void
  ) {
    guard let first = node.page else { return visit(page, node, nil) }
    do throws(PageDamage) {
      visit(page, node, try largeValue(first, node.valueBytes, &used))
    } catch {
      damages.append(error)
    }
  }

  /// Checks the pages of a large value; gives its bytes if they are wanted.
  private mutating func largeValue(
    _ first: UInt64, _ byteCount: Int, _ used: inout PageSet
  ) throws(PageDamage) -> [UInt8]? {
    let header = TreePage.headerBytes
    let needed = UInt64(TreePage.largePages(valueBytes: byteCount, pageBytes: file.pageBytes))
    if largeValues == .placed {
      overflowPages += needed
      try take(first, needed, &used)
      guard first + needed <= UInt64(file.sizeBytes / file.pageBytes) else {
        throw damage(first, "a value of \(byteCount) bytes lies beyond the end of the file")
      }
      return nil
    }
    let bytes = file.read(
      first, byteCount: header + (largeValues == .whole ? byteCount : 0))
    guard bytes.count >= header else { throw damage(first, "it lies beyond the end of the file") }
    let (number, flags) = (bytes.word(0, as: UInt64.self), bytes.word(10, as: UInt16.self))
    let count = UInt64(bytes.word(12, as: UInt32.self))
    guard number == first, flags == 4, count >= needed else {
      throw damage(
        first,
        "it should begin \(needed) pages of a value, and says that it is page \(number) with "
          + "the flags \(flags), of \(count)")
    }
    overflowPages += count
    try take(first, count, &used)
    // Pages of a value that was made shorter may never have been written.
    guard file.sizeBytes - Int(first) * file.pageBytes >= header + byteCount else {
      throw damage(first, "a value of \(byteCount) bytes lies beyond the end of the file")
    }
    return largeValues == .whole ? Array(bytes[header...]) : nil
  }

  /// Marks pages as used.
  private func take(_ first: UInt64, _ count: UInt64, _ used: inout PageSet) throws(PageDamage) {
    guard first >= 2, first <= lastPage, count <= lastPage - first + 1 else {
      throw damage(
        nil, "pages \(first) to \(first &+ count &- 1) are not among those up to \(lastPage)")
    }
    for page in first..<first + count where !used.insert(page) {
      throw damage(page, "it is used twice")
    }
  }

  private func checkOrder(_ page: TreePage, _ low: [UInt8]?, _ high: [UInt8]?) throws(PageDamage) {
    let bytes = page.bytes
    // The first key of a branch stands for all before the second.
    var previous: Range<Int>?
    for (index, node) in page.nodes.enumerated() where page.isLeaf || index > 0 {
      if hasIntegerKeys, node.key.count != 8 {
        throw damage(page.number, "a key has \(node.key.count) bytes")
      }
      if let previous, order(bytes, previous, bytes, node.key) >= 0 {
        throw damage(page.number, "key \(index) does not sort after the one before")
      }
      previous = node.key
    }
    guard let first = page.nodes.dropFirst(page.isLeaf ? 0 : 1).first, let last = page.nodes.last
    else { return }
    if let low, order(low, low.indices, bytes, first.key) > 0 {
      throw damage(page.number, "its first key belongs to a page before")
    }
    if let high, order(high, high.indices, bytes, last.key) <= 0 {
      throw damage(page.number, "its last key belongs to a page after")
    }
  }

  private func order(
    _ left: [UInt8], _ first: Range<Int>, _ right: [UInt8], _ second: Range<Int>
  ) -> Int {
    if hasIntegerKeys, first.count == 8, second.count == 8 {
      let (a, b) = (
        left.word(first.lowerBound, as: UInt64.self), right.word(second.lowerBound, as: UInt64.self)
      )
      return a < b ? -1 : a == b ? 0 : 1
    }
    return unsafe LMDB.order(
      left.span.bytes.extracting(first), right.span.bytes.extracting(second))
  }
}
