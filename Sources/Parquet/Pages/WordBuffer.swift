import Bytes

/// The values of a page on their way: integers, the bits of doubles, or booleans as 0 and 1.
struct WordBuffer {
  private let kind: ParquetColumn.Kind
  private let maxDictionaryBytes: Int
  private var values: [Int64] = []
  /// Nil when values of the chunk repeat too seldom, and of booleans.
  private(set) var dictionary: WordDictionary?
  /// Whether the next page may add to the dictionary.
  private var isDictionaryOpen: Bool

  init(_ kind: ParquetColumn.Kind, maxDictionaryBytes: Int) {
    (self.kind, self.maxDictionaryBytes) = (kind, maxDictionaryBytes)
    dictionary = kind == .boolean ? nil : WordDictionary()
    isDictionaryOpen = dictionary != nil
  }

  var byteCount: Int { 8 * values.count + 8 * (dictionary?.entries.count ?? 0) }

  mutating func append(_ more: some Collection<Int64>) { values.append(contentsOf: more) }

  /// Of the page; nil when there are no values, or none with a place in the order.
  var bounds: Bounds? {
    if values.isEmpty { return nil }
    return switch kind {
    case .double: Bounds(doubleBits: values[...])
    case .boolean: Bounds(booleans: values[...])
    default: Bounds(integers: values[...])
    }
  }

  /// Appends the page's values as a reader wants them, and begins the next page. O(values).
  mutating func encode(into output: inout [UInt8]) -> ValueEncoding {
    defer { values.removeAll(keepingCapacity: true) }
    if isDictionaryOpen, let codes = codes() {
      DictionaryPage.appendCodes(codes, entryCount: dictionary?.entries.count ?? 0, to: &output)
      return .dictionary
    }
    if kind == .boolean {
      let bits = values.map { UInt64(bitPattern: $0) }
      BitPacking.pack(bits.span, width: 1, into: &output)
    } else {
      output.append(littleEndian: values.span)
    }
    return .plain
  }

  /// The page's values as numbers of the dictionary; nil, and no dictionary for the chunk, where few of the first page's
  /// are the same.
  private mutating func codes() -> [UInt64]? {
    // Taken out, so that it is not copied.
    guard var entries = dictionary else { return nil }
    dictionary = nil
    let isFirstPage = entries.entries.isEmpty
    var codes: [UInt64] = []
    codes.reserveCapacity(values.count)
    for value in values { codes.append(UInt64(entries.number(value))) }
    if isFirstPage, DictionaryPage.isWasted(entries.entries.count, on: values.count) {
      isDictionaryOpen = false
      return nil
    }
    isDictionaryOpen = 8 * entries.entries.count < maxDictionaryBytes
    dictionary = entries
    return codes
  }
}

/// What chunks with a dictionary have in common.
enum DictionaryPage {
  /// Whether a dictionary takes more than it saves: nearly all values are different ones, as times are.
  static func isWasted(_ entryCount: Int, on valueCount: Int) -> Bool {
    16 * entryCount > 15 * valueCount
  }

  /// Appends the values of a data page: how many bits the numbers have, and the numbers. O(codes).
  static func appendCodes(_ codes: [UInt64], entryCount: Int, to output: inout [UInt8]) {
    let width = Int.bitWidth - max(0, entryCount - 1).leadingZeroBitCount
    output.append(UInt8(width))
    HybridCoding.encode(codes, width: width, into: &output)
  }
}
