import Bytes
import Model

/// Makes a row, and if possible a shape, of one scanned document.
struct RowBuild: ~Escapable {
  let bytes: RawSpan
  let range: Range<Int>
  let definition: StreamDefinition
  let schema: StreamSchema
  let list: TokenList
  private let timeWords: TimeWords

  /// Whether a shape can give the document's bytes back.
  private var isReproducible: Bool
  private var segments: [Segment] = []
  private var elementSegments: [Segment] = []
  /// Where the literal of the next segment begins.
  private var literalStart: Int
  private var separator: [UInt8]?
  /// The times of the event and of its elements, in the document's order, and how many of them the row has.
  private var times: [(start: Int, time: ParsedTime)] = []
  private var timesTaken = 0
  private var hasArray = false
  /// By the paths' numbers.
  private var uses: [PathUse]
  private var didLearn = false
  private var lastElement: (segments: [Segment], number: UInt32) = ([], Shape.none)

  /// What is known of a path of the document, so that its many values need not ask again.
  private struct PathUse {
    var isKnown = false
    var isTime = false
    var isElementTime = false
    /// Which field of the dedup id it is, from 1; 0 when it is none.
    var idPart: UInt8 = 0
    /// An event's own value was seen here.
    var isSeen = false
    /// The last element that had a value here.
    var lastElement = -1
    /// The column of the value before.
    var column: Int32 = -1
    var kind = SlotKind.end
    var isElement = false
  }

  /// A document with more values is kept whole: matching it would gain nothing.
  private static let maxSegments = 2_048

  @_lifetime(copy bytes)
  init(
    bytes: RawSpan, range: Range<Int>, definition: StreamDefinition, schema: StreamSchema,
    list: TokenList, timeWords: TimeWords
  ) {
    self.timeWords = timeWords
    self.bytes = bytes
    self.range = range
    self.definition = definition
    self.schema = schema
    self.list = list
    literalStart = range.lowerBound
    uses = Array(repeating: PathUse(), count: list.paths.count)
    isReproducible =
      !list.hasDuplicateKeys && list.opaqueDepth <= DocumentScanner.maxOpaqueNesting
      && !list.tokens.contains { $0.kind == .hardNumber }
  }

  /// Fills `row`; true when a new shape may have been learned.
  ///
  /// All that can be wrong with the document is found before the first of its fields is learned: one that is rejected
  /// adds nothing to the stream.
  mutating func run(
    into row: inout Row, _ timeParser: inout TimeParser
  ) throws(DocumentError) -> Bool {
    try readTimes(&timeParser)
    if times.isEmpty { throw DocumentError(reason: reasonWithoutTime, offset: nil) }
    fill(&row)
    precondition(timesTaken == times.count, "a row has other times than its document")
    return didLearn
  }

  /// Reads the times of the event and of its elements: at each path the first that is there.
  private mutating func readTimes(_ timeParser: inout TimeParser) throws(DocumentError) {
    var isInOtherArray = false
    /// The element that values belong to, from 1; 0 outside of elements.
    var element = 0
    var elementCount = 0
    var isTimeSeen = false
    var lastElementWithTime = 0
    for token in list.tokens {
      switch token.kind {
      case .null, .elementEnd: break
      case .arrayBegin: (isInOtherArray, hasArray) = (hasArray, true)
      case .arrayEnd: (isInOtherArray, element) = (false, 0)
      case _ where isInOtherArray: break
      case .elementBegin:
        elementCount += 1
        element = elementCount
      default:
        let use = use(token.path)
        if element == 0
          ? use.isTime && !isTimeSeen : use.isElementTime && lastElementWithTime < element
        {
          times.append((token.start, try time(of: token, &timeParser)))
          if element == 0 { isTimeSeen = true } else { lastElementWithTime = element }
        }
      }
    }
  }

  private func time(
    of token: Token, _ timeParser: inout TimeParser
  ) throws(DocumentError) -> ParsedTime {
    if let time = token.time(in: bytes, &timeParser) { return time }
    let text = token.text(in: bytes).prefix(64).debugDescription
    let refusal = token.timeRefusal(in: bytes, timeParser).text(timeWords)
    throw DocumentError(
      reason: "unreadable time: \"\(list.paths[Int(token.path)])\" is \(text), \(refusal)",
      offset: token.start - range.lowerBound)
  }

  private mutating func fill(_ row: inout Row) {
    var isInOtherArray = false
    var hasBegunArray = false
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
        if hasBegunArray {
          (isInOtherArray, isReproducible) = (true, false)
        } else {
          hasBegunArray = true
          beginElements(at: index)
        }
      case .elementBegin: beginElement(token, &row)
      case .elementEnd: endElement(token, &row)
      case .arrayEnd: row.isInElement = false
      default: addValue(token, &row)
      }
    }
    finish(&row)
  }

  private var reasonWithoutTime: String {
    let path = definition.timePath
    if path == StreamDefinition.undetectedTimePath {
      let reason = "no time: none of the fields \(path) is there"
      return noArray.map { "\(reason), and \($0): --explode" }
        ?? "\(reason); name the one that is the time: --time"
    }
    guard let explode = definition.explodePath else {
      return "no time: the field \"\(path)\" is missing"
    }
    if let noArray {
      return definition.isInElements(path)
        ? "no time: \(noArray)" : "no time: the field \"\(path)\" is missing, and \(noArray)"
    }
    if definition.isInElements(path) {
      return "no time: no element of \"\(explode)\" has \"\(path)\""
    }
    if let elementPath = definition.elementTimePath {
      return "no time: the field \"\(path)\" is missing, and no element has \"\(elementPath)\""
    }
    let within = "\(explode).\(path)"
    let isThere = list.tokens.contains { list.paths[Int($0.path)].isPath(within) }
    return "no time: the field \"\(path)\" is missing"
      + (isThere ? "; elements have it: name the time \(within)" : "")
  }

  /// Said where the document does not have what explodes.
  private var noArray: String? {
    hasArray ? nil : definition.explodePath.map { "there is no array \"\($0)\" to explode" }
  }

  private mutating func beginElements(at index: Int) {
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
    idPart: UInt8 = 0
  ) {
    guard isReproducible else { return }
    var segment = Segment(literal: [], kind: kind, column: column, idPart: idPart)
    segment.literal.append(span: bytes.extracting(literalStart..<literalEnd))
    if isElement { elementSegments.append(segment) } else { segments.append(segment) }
    literalStart = next
    if segments.count + elementSegments.count > Self.maxSegments { isReproducible = false }
  }

  private mutating func addValue(_ token: Token, _ row: inout Row) {
    let isElement = row.isInElement
    // The first of several values at one path is the column's; the others stay in the document.
    guard visit(token.path, isElement ? row.elements.count : nil) else {
      isReproducible = false
      return
    }
    let use = use(token.path)
    if isElement ? use.isElementTime : use.isTime {
      return addTime(token, &row)
    }
    let idPart = isElement ? 0 : use.idPart
    if idPart != 0, [.string, .number, .hardNumber].contains(token.kind) {
      row.noteId(
        idPart, token.start, token.end,
        hasEscapes: token.kind == .string && token.detail == 1)
    }
    guard let value = slotValue(token, isElement) else {
      isReproducible = false
      return
    }
    row.append(value)
    addSegment(
      value.kind, column: value.column, until: token.start, next: token.end,
      isElement: isElement, idPart: idPart)
  }

  /// Notes a value of the event, or of its element number `element`; false when there was one at that path.
  private mutating func visit(_ path: Int32, _ element: Int?) -> Bool {
    if let element {
      defer { uses[Int(path)].lastElement = element }
      return uses[Int(path)].lastElement != element
    }
    defer { uses[Int(path)].isSeen = true }
    return !uses[Int(path)].isSeen
  }

  private mutating func use(_ number: Int32) -> PathUse {
    var use = uses[Int(number)]
    if use.isKnown { return use }
    let path = list.paths[Int(number)]
    use.isKnown = true
    use.isTime = path.isPath(definition.timePath)
    use.isElementTime = path.isPath(definition.elementTimePath)
    let part = definition.idPaths.firstIndex { $0.isPath(path) }
    use.idPart = part.map { UInt8($0 + 1) } ?? 0
    uses[Int(number)] = use
    return use
  }

  /// The number of the column for values of `kind`; nil when there is none.
  private mutating func column(_ number: Int32, _ kind: SlotKind, _ isElement: Bool) -> Int32? {
    let use = uses[Int(number)]
    if use.column >= 0 && use.kind == kind && use.isElement == isElement { return use.column }
    let path = Text(list.paths[Int(number)])
    if list.isTooLong(path: number) {
      schema.addFieldWithoutColumn(path)
      return nil
    }
    guard let column = schema.column(path, kind, isElement: isElement) else { return nil }
    uses[Int(number)].column = column
    uses[Int(number)].kind = kind
    uses[Int(number)].isElement = isElement
    return column
  }

  /// The token's value with its column; nil when it gets none.
  private mutating func slotValue(_ token: Token, _ isElement: Bool) -> SlotValue? {
    let kind: SlotKind
    var a = Int64(token.start)
    var b = UInt32(token.end - token.start)
    switch token.kind {
    case .string: kind = .string
    case .opaque: kind = .opaque
    case .number: (kind, a, b) = (.number, token.mantissa, 0)
    case .bool: (kind, a, b) = (.bool, token.mantissa, 0)
    case .hardNumber:
      guard let (hardKind, bits) = token.hardNumber(in: bytes) else { return nil }
      // An integer that only its text gives back is a text.
      kind = hardKind
      if hardKind != .string { (a, b) = (bits, 0) }
    case .null, .arrayBegin, .elementBegin, .elementEnd, .arrayEnd: return nil
    }
    guard let column = column(token.path, kind, isElement) else { return nil }
    return SlotValue(kind: kind, detail: token.detail, column: column, a: a, b: b)
  }

  private mutating func addTime(_ token: Token, _ row: inout Row) {
    let (start, time) = times[timesTaken]
    precondition(start == token.start, "a time that was not read")
    timesTaken += 1
    if time.format == .irreproducible || (token.kind == .string && token.detail == 1) {
      isReproducible = false
    }
    row.append(
      SlotValue(kind: .time, detail: 0, column: -1, a: time.ns, b: time.format.code))
    addSegment(
      token.kind == .string ? .time : .epoch, column: -1, until: token.start, next: token.end,
      isElement: row.isInElement)
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

extension Token {
  /// The text of a string or a number, escapes resolved.
  func text(in bytes: RawSpan) -> String {
    var text: [UInt8] = []
    JSONText.unescape(bytes, start..<end, into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The kind of column for a number that a mantissa and a scale do not give back, and its bits there. Nil when no
  /// double holds it.
  fileprivate func hardNumber(in bytes: RawSpan) -> (SlotKind, Int64)? {
    let text = text(in: bytes)
    guard let value = DecimalValue(text) else { return nil }
    if case .number(let number) = value {
      switch number.form {
      case .unsigned(let integer): return (.unsigned, Int64(bitPattern: integer))
      case .signed(let integer) where number.isBeyondDoubles: return (.signed, integer)
      case .signed, .real: break
      }
    } else if text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 &- 48 <= 9 }) {
      return (.string, 0)
    }
    return (.real, Int64(bitPattern: value.double.bitPattern))
  }

  /// The instant that the value means; nil when it means none.
  func time(in bytes: RawSpan, _ timeParser: inout TimeParser) -> ParsedTime? {
    switch kind {
    case .string where detail == 0: return timeParser.parse(bytes, start..<end)
    case .string:
      let plain = Array(text(in: bytes).utf8)
      return timeParser.parse(plain.rawSpan, 0..<plain.count)
    case .number, .hardNumber:
      let time = kind == .number ? timeParser.parse(mantissa: mantissa, scale: Int(detail)) : nil
      return time ?? timeParser.parse(number: bytes, start..<end)
    default: return nil
    }
  }

  /// Why ``time(in:_:)`` gave none.
  func timeRefusal(in bytes: RawSpan, _ timeParser: TimeParser) -> TimeRefusal {
    switch kind {
    case .string:
      let plain = Array(text(in: bytes).utf8)
      return timeParser.refusal(of: plain.rawSpan, 0..<plain.count)
    case .number, .hardNumber: return timeParser.refusal(ofNumber: bytes, start..<end)
    default: return .unreadable
    }
  }
}
