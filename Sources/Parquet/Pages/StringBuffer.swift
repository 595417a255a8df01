import Bytes

/// The strings of a page on their way.
struct StringBuffer {
  private let maxDictionaryBytes: Int
  /// Nil when strings of the chunk repeat too seldom.
  private(set) var dictionary: StringDictionary?
  /// Whether the page's strings are ``codes``, and not ``plain``.
  private var isDictionaryOpen = true
  private var codes: [UInt64] = []
  private var plain = ByteStrings()
  /// Of the batch's names the numbers in the dictionary; -1 for those that were not looked up.
  private var knownCodes: [Int32] = []

  init(maxDictionaryBytes: Int) {
    self.maxDictionaryBytes = maxDictionaryBytes
    dictionary = StringDictionary()
  }

  var byteCount: Int { plain.bytes.count + (dictionary?.entries.bytes.count ?? 0) }

  /// Whether the page should have no more.
  func isFull(maxBytes: Int) -> Bool {
    plain.bytes.count >= maxBytes || isDictionaryOpen && isDictionaryLarge
  }

  private var isDictionaryLarge: Bool {
    guard let entries = dictionary?.entries else { return false }
    return entries.bytes.count + 4 * entries.count >= maxDictionaryBytes
  }

  /// To be called before the first strings of other names.
  mutating func beginBatch() { knownCodes = [] }

  /// O(bytes).
  mutating func append(_ strings: ByteStrings, _ range: Range<Int>) {
    for index in range { append(strings.bytes.rawSpan(strings.range(index))) }
  }

  /// Strings of `names` by their places. O(codes + bytes of those that are new).
  mutating func append(_ places: ArraySlice<Int64>, of names: ByteStrings) {
    guard isDictionaryOpen, var entries = dictionary else {
      for place in places { append(names.bytes.rawSpan(names.range(Int(place)))) }
      return
    }
    dictionary = nil
    if knownCodes.count != names.count {
      knownCodes = Array(repeating: -1, count: names.count)
    }
    for place in places {
      let place = Int(place)
      if knownCodes[place] < 0 {
        knownCodes[place] = Int32(entries.number(names.bytes.rawSpan(names.range(place))))
      }
      codes.append(UInt64(knownCodes[place]))
    }
    dictionary = entries
  }

  private mutating func append(_ string: RawSpan) {
    guard isDictionaryOpen else {
      plain.extend { $0.append(span: string) }
      plain.finishString()
      return
    }
    // In place: a dictionary that is taken out and put back for each string would be copied by neither, but moved.
    codes.append(UInt64(dictionary?.number(string) ?? 0))
  }

  /// Of the page; nil when it has no strings. O(entries + codes), or O(bytes).
  var bounds: Bounds? {
    let strings = isDictionaryOpen ? dictionary?.entries ?? plain : plain
    var isUsed = isDictionaryOpen ? Bitmap(rowCount: strings.count) : nil
    for code in codes { isUsed?.insert(Int(code)) }
    var (least, greatest): (Int?, Int?)
    for index in strings.indices where isUsed?[index] ?? true {
      let string = strings.bytes.rawSpan(strings.range(index))
      if let known = least {
        if string.precedes(strings.bytes.rawSpan(strings.range(known))) { least = index }
      } else {
        least = index
      }
      if let known = greatest {
        if strings.bytes.rawSpan(strings.range(known)).precedes(string) { greatest = index }
      } else {
        greatest = index
      }
    }
    guard let least, let greatest else { return nil }
    return Bounds(least: strings[least], greatest: strings[greatest])
  }

  /// Appends the page's strings as a reader wants them, and begins the next page. O(bytes).
  ///
  /// `isFirst` of the first page of the chunk: where few of its strings are the same, there is no dictionary.
  mutating func encode(isFirst: Bool, into output: inout [UInt8]) -> ValueEncoding {
    defer {
      codes.removeAll(keepingCapacity: true)
      plain = ByteStrings()
    }
    guard isDictionaryOpen, let entries = dictionary?.entries else {
      for index in plain.indices { output.append(plain: plain, index) }
      return .plain
    }
    if isFirst, DictionaryPage.isWasted(entries.count, on: codes.count) {
      for code in codes { output.append(plain: entries, Int(code)) }
      (dictionary, isDictionaryOpen) = (nil, false)
      return .plain
    }
    DictionaryPage.appendCodes(codes, entryCount: entries.count, to: &output)
    isDictionaryOpen = !isDictionaryLarge
    return .dictionary
  }
}

extension [UInt8] {
  /// Appends a string in the plain encoding: its length in four bytes, and its bytes.
  mutating func append(plain strings: ByteStrings, _ index: Int) {
    let range = strings.range(index)
    append(littleEndian: UInt32(range.count))
    append(strings.bytes, range: range)
  }
}
