import Bytes
import LMDB

/// Makes pages of cells of one bucket.
struct PageWriter: Sendable {
  let tables: CellTables
  let generation: UInt32
  let bucketNs: Int64
  let cells: CellColumns
  /// The groups by number, and the number of each row's.
  let names: ByteStrings
  let groups: [Int32]

  private var size: PageSize { tables.pageSize }

  /// The page of some rows under a key. O(rows).
  func page(_ rows: ArraySlice<Int32>, under key: Key) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size.limit)
    let numbers = rows.map { groups[Int($0)] }
    CellPage.appendHead(numbers[...], of: names, to: &bytes)
    cells.encode(rows, bucketNs: bucketNs, into: &bytes)
    PageKey.seal(&bytes, under: key)
    return bytes
  }

  /// Cells of a range of groups, in their order: all of them.
  struct Part: Sendable {
    var rows: ArraySlice<Int32>
    var range: GroupRange
  }

  /// A page as it is to stand in the table, and the groups that it is of.
  struct Page: Sendable {
    let key: Key
    let bytes: [UInt8]
    let range: GroupRange
  }

  /// The pages of all cells of a range of groups, in the place of those that a page has. O(rows).
  func pages(_ part: Part) -> [Page] {
    var pages: [Page] = []
    var (rest, lower) = (part.rows, part.range.lower)
    var rowBytes: Double?
    while !rest.isEmpty {
      let key = PageKey.key(generation, bucketNs, lower.rawSpan)
      let (count, bytes) = page(first: rest, &rowBytes, under: key)
      rest = rest.dropFirst(count)
      let next = rest.first.flatMap { first in separator(part.rows[rest.startIndex - 1], first) }
      precondition(rest.isEmpty || next != nil, "a page ends where no key can begin")
      let range = GroupRange(lower: lower, upper: next ?? part.range.upper)
      pages.append(Page(key: key, bytes: bytes, range: range))
      lower = next ?? []
    }
    return pages
  }

  /// Parts of about so many rows, whose pages can be made side by side. Where they begin follows from the cells alone. O(parts).
  func split(_ part: Part, rows limit: Int) -> [Part] {
    var parts: [Part] = []
    var rest = part
    while rest.rows.count >= 2 * limit {
      let count = end(rest.rows, limit)
      let place = rest.rows.startIndex + count
      guard count < rest.rows.count,
        let next = separator(rest.rows[place - 1], rest.rows[place])
      else { break }
      let range = GroupRange(lower: rest.range.lower, upper: next)
      parts.append(Part(rows: rest.rows[..<place], range: range))
      rest.rows = rest.rows[place...]
      rest.range.lower = next
    }
    return parts + [rest]
  }

  /// As many of the first of `rows` as make a page, and the page. `rowBytes` is about what a row takes, if that is known.
  private func page(
    first rows: ArraySlice<Int32>, _ rowBytes: inout Double?, under key: Key
  ) -> (count: Int, bytes: [UInt8]) {
    /// Rows of a page that has some ten rows at least are much like those after them.
    let sampleCount = 64
    var count = rowBytes.map { pageCount(rows, $0) } ?? sampleCount
    if count >= rows.count || Double(rows.count) * (rowBytes ?? 0) <= Double(size.limit) {
      count = rows.count
    }
    var (isReduced, bytes): (Bool, [UInt8]) = (false, [])
    while true {
      count = end(rows, count)
      bytes = page(rows.prefix(count), under: key)
      let measured = Double(bytes.count) / Double(count)
      defer { rowBytes = measured }
      let limit = count == rows.count ? size.limit : size.target
      if bytes.count > limit, count > 1 {
        isReduced = true
        let next = min(pageCount(rows, measured), count - 1)
        // Rows whose groups keys cannot separate stay together.
        if end(rows, next) >= count { break }
        count = next
      } else if count < rows.count, !isReduced, bytes.count < size.target / 8 * 7 {
        let wanted =
          measured * Double(rows.count) <= Double(size.limit)
          ? rows.count : pageCount(rows, measured)
        if wanted <= count { break }
        count = wanted
      } else {
        break
      }
    }
    return (count, bytes)
  }

  /// Rows that fit on a page if each takes so much.
  private func pageCount(_ rows: ArraySlice<Int32>, _ rowBytes: Double) -> Int {
    max(1, min(rows.count, Int(Double(size.target) * 0.97 / rowBytes)))
  }

  /// The first number of rows from `count` on, after which a key can separate groups.
  private func end(_ rows: ArraySlice<Int32>, _ count: Int) -> Int {
    var count = min(count, rows.count)
    while count < rows.count {
      let place = rows.startIndex + count
      if separator(rows[place - 1], rows[place]) != nil { break }
      count += 1
    }
    return count
  }

  private func separator(_ last: Int32, _ first: Int32) -> [UInt8]? {
    func range(_ row: Int32) -> Range<Int> { names.range(Int(groups[Int(row)])) }
    let bytes = names.bytes.rawSpan
    return PageKey.separator(
      after: bytes.extracting(range(last)), before: bytes.extracting(range(first)))
  }
}
