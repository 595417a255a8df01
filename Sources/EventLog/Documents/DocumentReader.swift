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
  private var timeParser = TimeParser()

  init(definition: StreamDefinition, schema: StreamSchema) {
    self.definition = definition
    self.schema = schema
    matcher = ShapeMatcher(trie: schema.snapshot().trie)
  }

  /// Takes over what other threads have learned since. O(1) when there is nothing new.
  mutating func refresh() { matcher.trie = schema.snapshot().trie }

  /// Reads the document in `range` into `row`. O(bytes).
  @inline(__always)
  mutating func read(
    _ bytes: RawSpan, _ range: Range<Int>, into row: inout Row
  ) throws(DocumentError) {
    if range.count > Limits.maxDocumentBytes || !matcher.match(bytes, range, into: &row) {
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
      bytes: bytes, range: range, definition: definition, schema: schema, list: list)
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

/// Makes a row, and if possible a shape, of one scanned document.
private struct RowBuild: ~Escapable {
  let bytes: RawSpan
  let range: Range<Int>
  let definition: StreamDefinition
  let schema: StreamSchema
  let list: TokenList

  /// Whether a shape can give the document's bytes back.
  private var isReproducible: Bool
  private var segments: [Segment] = []
  private var elementSegments: [Segment] = []
  /// Where the literal of the next segment begins.
  private var literalStart: Int
  private var separator: [UInt8]?
  private var eventTime: ParsedTime?
  private var hasArray = false
  private var seenPaths: Set<Int32> = []
  private var seenElementPaths: Set<Int32> = []
  private var didLearn = false
  private var lastElement: (segments: [Segment], number: UInt32) = ([], Shape.none)

  /// A document with more values is kept whole: matching it would gain nothing.
  private static let maxSegments = 2_048

  @_lifetime(copy bytes)
  init(
    bytes: RawSpan, range: Range<Int>, definition: StreamDefinition, schema: StreamSchema,
    list: TokenList
  ) {
    self.bytes = bytes
    self.range = range
    self.definition = definition
    self.schema = schema
    self.list = list
    literalStart = range.lowerBound
    isReproducible =
      !list.hasDuplicateKeys && list.opaqueDepth <= DocumentScanner.maxOpaqueNesting
      && !list.tokens.contains { $0.kind == .hardNumber }
  }

  /// Fills `row`; true when a new shape may have been learned.
  mutating func run(
    into row: inout Row, _ timeParser: inout TimeParser
  ) throws(DocumentError) -> Bool {
    var isInOtherArray = false
    for index in list.tokens.indices {
      let token = list.tokens[index]
      if isInOtherArray {
        isInOtherArray = token.kind != .arrayEnd
        continue
      }
      switch token.kind {
      case .null: break
      case .arrayBegin:
        // The first of several arrays at the path explodes; the others stay in the document.
        if hasArray {
          (isInOtherArray, isReproducible) = (true, false)
        } else {
          beginElements(at: index)
        }
      case .elementBegin: beginElement(token, &row)
      case .elementEnd: endElement(token, &row)
      case .arrayEnd: row.isInElement = false
      default: try addValue(token, &row, &timeParser)
      }
    }
    guard eventTime != nil else {
      let path = definition.timePath
      throw DocumentError(
        reason: path == StreamDefinition.undetectedTimePath
          ? "no time: none of the fields \(path) is there; name the one that is the time"
          : "no time: the field \"\(path)\" is missing", offset: nil)
    }
    finish(&row)
    return didLearn
  }

  private mutating func beginElements(at index: Int) {
    hasArray = true
    let first = list.tokens[index + 1]
    guard first.kind == .elementBegin else { return }
    addSegment(.elements, column: -1, until: first.start, next: first.start, isElement: false)
  }

  private mutating func beginElement(_ token: Token, _ row: inout Row) {
    if !row.elements.isEmpty { checkSeparator(until: token.start) }
    row.isInElement = true
    row.elements.append(
      ElementValues(shape: Shape.none, firstValue: Int32(row.elementValues.count)))
    elementSegments.removeAll(keepingCapacity: true)
    seenElementPaths.removeAll(keepingCapacity: true)
    literalStart = token.start
  }

  private mutating func checkSeparator(until start: Int) {
    guard isReproducible else { return }
    var between: [UInt8] = []
    between.append(span: bytes.extracting(literalStart..<start))
    if separator == nil { separator = between }
    if separator != between { isReproducible = false }
  }

  private mutating func endElement(_ token: Token, _ row: inout Row) {
    if isReproducible {
      addSegment(.end, column: -1, until: token.end, next: token.end, isElement: true)
      // Neighbours are mostly of one shape.
      if elementSegments != lastElement.segments {
        let number = schema.learn(Shape(segments: elementSegments, isElement: true))
        lastElement = (elementSegments, number)
        didLearn = true
      }
      let shape = lastElement.number
      if shape == Shape.none { isReproducible = false }
      row.elements[row.elements.count - 1].shape = shape
    }
    literalStart = token.end
  }

  private mutating func addSegment(
    _ kind: SlotKind, column: Int32, until literalEnd: Int, next: Int, isElement: Bool,
    isId: Bool = false
  ) {
    guard isReproducible else { return }
    var segment = Segment(literal: [], kind: kind, column: column, isId: isId)
    segment.literal.append(span: bytes.extracting(literalStart..<literalEnd))
    if isElement { elementSegments.append(segment) } else { segments.append(segment) }
    literalStart = next
    if segments.count + elementSegments.count > Self.maxSegments { isReproducible = false }
  }

  private mutating func addValue(
    _ token: Token, _ row: inout Row, _ timeParser: inout TimeParser
  ) throws(DocumentError) {
    let isElement = row.isInElement
    // The first of several values at one path is the column's; the others stay in the document.
    let isFirst =
      isElement
      ? seenElementPaths.insert(token.path).inserted : seenPaths.insert(token.path).inserted
    guard isFirst else {
      isReproducible = false
      return
    }
    let path = list.paths[Int(token.path)]
    if path.isPath(isElement ? definition.elementTimePath : definition.timePath) {
      return try addTime(token, path, &row, &timeParser)
    }
    if !isElement, path.isPath(definition.idPath), token.kind == .string || token.kind == .number
      || token.kind == .hardNumber
    {
      row.idStart = token.start
      row.idBytes = token.end - token.start
      row.idHasEscapes = token.kind == .string && token.detail == 1
    }
    addColumnValue(token, path, &row)
  }

  private mutating func addColumnValue(_ token: Token, _ path: String, _ row: inout Row) {
    let isElement = row.isInElement
    guard let value = slotValue(token, path, isElement) else {
      isReproducible = false
      return
    }
    row.append(value)
    addSegment(
      value.kind, column: value.column, until: token.start, next: token.end,
      isElement: isElement, isId: !isElement && path.isPath(definition.idPath))
  }

  /// The token's value with its column; nil when it gets none.
  private func slotValue(_ token: Token, _ path: String, _ isElement: Bool) -> SlotValue? {
    let kind: SlotKind
    var a = Int64(token.start)
    var b = UInt32(token.end - token.start)
    switch token.kind {
    case .string: kind = .string
    case .opaque: kind = .opaque
    case .number: (kind, a, b) = (.number, token.mantissa, 0)
    case .bool: (kind, a, b) = (.bool, token.mantissa, 0)
    case .hardNumber:
      guard let double = Double(text(token)), double.isFinite else { return nil }
      (kind, a, b) = (.real, Int64(bitPattern: double.bitPattern), 0)
    case .null, .arrayBegin, .elementBegin, .elementEnd, .arrayEnd: return nil
    }
    guard let column = schema.column(path, kind, isElement: isElement) else { return nil }
    return SlotValue(kind: kind, detail: token.detail, column: column, a: a, b: b)
  }

  private func text(_ token: Token) -> String {
    var text: [UInt8] = []
    JSONText.unescape(bytes, token.start..<token.end, into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func addTime(
    _ token: Token, _ path: String, _ row: inout Row, _ timeParser: inout TimeParser
  ) throws(DocumentError) {
    guard let time = parseTime(token, &timeParser) else {
      throw DocumentError(
        reason: "unreadable time: \"\(path)\" is \(text(token).prefix(64).debugDescription), "
          + "expected RFC 3339 with a zone, such as 2024-07-30T12:00:00Z, or an epoch number",
        offset: token.start - range.lowerBound)
    }
    let isElement = row.isInElement
    if !isElement { eventTime = time }
    if time.format == .irreproducible || (token.kind == .string && token.detail == 1) {
      isReproducible = false
    }
    row.append(
      SlotValue(kind: .time, detail: 0, column: -1, a: time.ns, b: time.format.code))
    addSegment(
      token.kind == .string ? .time : .epoch, column: -1, until: token.start, next: token.end,
      isElement: isElement)
  }

  private func parseTime(_ token: Token, _ timeParser: inout TimeParser) -> ParsedTime? {
    switch token.kind {
    case .string where token.detail == 0: return timeParser.parse(bytes, token.start..<token.end)
    case .string:
      let plain = Array(text(token).utf8)
      return timeParser.parse(plain.rawSpan, 0..<plain.count)
    case .number: return TimeParser.epoch(mantissa: token.mantissa, scale: Int(token.detail))
    default: return nil
    }
  }

  private mutating func finish(_ row: inout Row) {
    addSegment(
      .end, column: -1, until: range.upperBound, next: range.upperBound, isElement: false)
    guard isReproducible else { return }
    if let separator, let index = segments.firstIndex(where: { $0.kind == .elements }) {
      segments[index].separator = separator
    } else if let index = segments.firstIndex(where: { $0.kind == .elements }) {
      segments[index].separator = [UInt8(ascii: ",")]
    }
    row.shape = schema.learn(Shape(segments: segments, isElement: false))
    didLearn = true
  }
}
