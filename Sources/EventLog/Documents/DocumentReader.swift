import Bytes
import Model
import SimdJSON

/// Turns the documents of one stream into rows. A document of a known shape takes the matcher; any other
/// is validated by simdjson, scanned, and its shape learned. One a thread.
struct DocumentReader {
  let definition: StreamDefinition
  let schema: StreamSchema
  private var matcher: ShapeMatcher
  private let validator = SimdJSONValidator()
  private var list = TokenList()
  private var timeParser: TimeParser
  private let timeWords: TimeWords

  init(definition: StreamDefinition, schema: StreamSchema, timeWords: TimeWords) {
    self.timeWords = timeWords
    self.definition = definition
    self.schema = schema
    matcher = ShapeMatcher(trie: schema.snapshot().trie, definition.timeReading)
    timeParser = TimeParser(definition.timeReading)
  }

  /// Takes over what other threads have learned since. O(1) when there is nothing new.
  mutating func refresh() { matcher.trie = schema.snapshot().trie }

  /// Reads the document in `range` into `row`. O(bytes).
  @inline(__always)
  mutating func read(
    _ bytes: RawSpan, _ range: Range<Int>, into row: inout Row
  ) throws(DocumentError) {
    if range.count > Limits.maxDocumentBytes || !matcher.match(bytes, range, into: &row)
      // Elements of known shapes need not have a time, and the document's shape need not either.
      || (definition.elementTimePath != nil && !row.hasTime)
    {
      try readUnknown(bytes, range, into: &row)
    }
  }

  @inline(never)
  private mutating func readUnknown(
    _ bytes: RawSpan, _ range: Range<Int>, into row: inout Row
  ) throws(DocumentError) {
    row.removeAll()
    try Self.scan(
      bytes, range, explodePath: definition.explodePath, validator: validator, into: &list)
    var build = RowBuild(
      bytes: bytes, range: range, definition: definition, schema: schema, list: list,
      timeWords: timeWords)
    let learned = try build.run(into: &row, &timeParser)
    if learned { matcher.trie = schema.snapshot().trie }
  }

  /// Validates the document and lists its values. Two parsers have to agree: simdjson, and the scanner,
  /// which knows where things stand. simdjson refuses numbers beyond 64 bits; these are legal, so there
  /// the scanner decides alone.
  static func scan(
    _ bytes: RawSpan, _ range: Range<Int>, explodePath: String?,
    validator: SimdJSONValidator, into list: inout TokenList
  ) throws(DocumentError) {
    guard range.count <= Limits.maxDocumentBytes else {
      throw DocumentError(
        reason:
          "document of \(range.count) bytes is over the limit of \(Limits.maxDocumentBytes) bytes",
        offset: nil)
    }
    var scanner = DocumentScanner(bytes, range: range, explodePath: explodePath)
    try scanner.scan(into: &list)
    do throws(SimdJSONValidator.Refusal) {
      try validator.validate(bytes, range: range)
    } catch {
      if !error.isNumberRange { throw DocumentError(reason: error.description, offset: nil) }
    }
  }
}
