/// One clause each, from its first word on.
extension TokenReader {
  mutating func read(
    _ clause: Clause, _ clauses: inout Clauses, _ rules: ClauseRules
  ) throws(Issue) {
    let start = token
    advance()
    switch clause {
    case .filter: clauses.filter = try predicate().node
    case .groupBy: clauses.groupBy = try groupBy(start)
    case .since: clauses.since = try time()
    case .until: clauses.until = try time()
    case .last: clauses.last = try timeLength()
    case .at: clauses.at = try time()
    case .every: clauses.every = try every(start)
    case .wholeBuckets:
      try expect(.buckets, hint: "write WHOLE BUCKETS: the range then cuts none")
      clauses.wholeBuckets = span(from: start.span)
    case .timeZone: clauses.timeZone = try timeZone()
    case .fill: clauses.fill = try fill()
    case .compareWith: clauses.compareWith = try compareWith()
    case .having: clauses.having = try condition()
    case .orderBy: clauses.orderBy = try orderBy()
    case .limit: clauses.limit = try limit(start)
    case .asOf: clauses.asOf = try asOfClause()
    case .version:
      try expect(.version)
      clauses.version = try wholeNumber("the number of a version")
    case .onlyFinal:
      try expect(.final)
      clauses.isOnlyFinal = true
    case .lateness: clauses.lateness = try timeLength()
    case .key: clauses.key = try fieldPath()
    case .dedupBy:
      try expect(.keyword(.by), "BY")
      clauses.dedupBy = try dedupBy()
    case .explode: clauses.explode = try fieldPath()
    case .elementTime:
      try expect(.time, hint: "for example ELEMENT TIME properties.time")
      clauses.elementTime = try fieldPath()
    case .absence where rules.allowed.contains(.unit): clauses.meaningless = try meaningless()
    case .absence: clauses.absent = try absent()
    case .dimensions: clauses.dimensions = try fieldPaths()
    case .source: clauses.sources = try sources()
    case .byArrival:
      try expect(.arrival, hint: "write BY ARRIVAL: the range is then of when it came in")
      clauses.isByArrival = true
    case .unit: clauses.meaning.unit = try unit()
    case .target: clauses.meaning.target = try kpiTarget()
    case .better: clauses.meaning.better = try better(start)
    }
  }

  private mutating func groupBy(_ start: Token) throws(Issue) -> [GroupKey] {
    if start.kind == .keyword(.group) { try expect(.keyword(.by), "BY") }
    var keys: [GroupKey] = []
    repeat {
      if token.kind == .number, !isDefinition {
        keys.append(.place(try wholeNumber("the place of an item")))
      } else {
        keys.append(.field(try dimension()))
      }
    } while accept(.comma)
    return keys
  }

  /// Reads `EVERY d [ROLLING d]`, or `TIMESERIES window [SLIDE BY d]`.
  private mutating func every(_ start: Token) throws(Issue) -> Every {
    let length = try timeLength()
    if start.word == .timeseries {
      guard accept(.slide) else { return Every(length, span: span(from: start.span)) }
      try expect(.keyword(.by), "BY")
      return Every(try timeLength(), rolling: length, span: span(from: start.span))
    }
    if token.word == .slide {
      throw unexpected(
        "ROLLING", hint: "write TIMESERIES 1d SLIDE BY 1h, or EVERY 1h ROLLING 1d")
    }
    let rolling = accept(.rolling) ? try timeLength() : nil
    return Every(length, rolling: rolling, span: span(from: start.span))
  }

  /// Reads `a`, or `(a, b)`, and `WITHIN 7d`.
  private mutating func dedupBy() throws(Issue) -> DedupBy {
    var fields: [FieldPath]
    if accept(.leftParenthesis) {
      fields = try fieldPaths()
      try expect(.rightParenthesis, "',' or ')'")
    } else {
      fields = [try fieldPath()]
      if token.kind == .comma {
        throw unexpected(
          "a clause or the end", hint: "an id of several fields stands in parentheses: (a, b)")
      }
    }
    return DedupBy(fields, within: accept(.within) ? try timeLength() : nil)
  }

  /// Reads what a stream is to have no longer.
  private mutating func absent() throws(Issue) -> [AlterStream.Part] {
    var parts: [AlterStream.Part] = []
    repeat {
      if token.word == .no {
        issues.append(unexpected(Self.absentParts, hint: "NO stands once: NO KEY, DEDUP"))
        advance()
      }
      if accept(.key) {
        parts.append(.key)
      } else if accept(.dedup) {
        parts.append(.dedup)
      } else if accept(.explode) {
        parts.append(.explode)
      } else if accept(.element) {
        try expect(.time)
        parts.append(.elementTime)
      } else {
        let issue = unexpected(Self.absentParts, hint: absentHint)
        // Else what cannot be absent would be read as a clause, and be a second error.
        if token.word == .time { advance() }
        throw issue
      }
    } while accept(.comma)
    return parts
  }

  private static let absentParts = "KEY, DEDUP, EXPLODE or ELEMENT TIME"

  /// For what cannot follow NO.
  private var absentHint: String? {
    switch token.word {
    case .time: "a stream always has a time"
    case .zone, .unit, .format: "TIME and its field alone are without them: TIME ts"
    default:
      clause != nil && previousKind == .comma
        ? "clauses follow each other without commas"
        : keywordHint(["KEY", "DEDUP", "EXPLODE", "ELEMENT"])
    }
  }

  private mutating func timeZone() throws(Issue) -> Spanned<String> {
    try expect(.zone, hint: "for example TIME ZONE 'Europe/Paris'")
    return try string("the name of a time zone")
  }

  private mutating func fill() throws(Issue) -> Spanned<Fill> {
    let start = token
    switch start.kind {
    case .keyword(.null):
      advance()
      return Spanned(.null, span: start.span)
    case .number where start.text == "0":
      advance()
      return Spanned(.zero, span: start.span)
    case .leftParenthesis:
      throw unexpected("NULL, 0, PREVIOUS or LINEAR", hint: "leave the parentheses out")
    default:
      if accept(.previous) { return Spanned(.previous, span: start.span) }
      if accept(.linear) { return Spanned(.linear, span: start.span) }
      throw unexpected(
        "NULL, 0, PREVIOUS or LINEAR", hint: keywordHint(["NULL", "PREVIOUS", "LINEAR"]))
    }
  }

  private mutating func compareWith() throws(Issue) -> TimeLength {
    try expect(.with)
    let length = try timeLength()
    try expect(.ago, hint: "write COMPARE WITH \(length.canonicalText) AGO")
    return length
  }

  private mutating func orderBy() throws(Issue) -> [OrderKey] {
    try expect(.keyword(.by), "BY")
    var keys: [OrderKey] = []
    repeat {
      let start = token.span
      let expression = try expression()
      let isDescending = accept(.desc)
      if !isDescending { _ = accept(.asc) }
      keys.append(
        OrderKey(expression, isDescending: isDescending, span: span(from: start)))
    } while accept(.comma)
    return keys
  }

  private mutating func limit(_ start: Token) throws(Issue) -> Limit {
    let rows: Spanned<Int> = try wholeNumber("a number of rows")
    let isPerBucket = accept(.per)
    if isPerBucket { try expect(.bucket) }
    return Limit(rows.value, isPerBucket: isPerBucket, span: span(from: start.span))
  }

  private mutating func asOfClause() throws(Issue) -> AsOf {
    try expect(
      .of, hint: "a stream has no second name; the state of the log is given with AS OF")
    return try asOf()
  }

  // MARK: Sources

  private mutating func sources() throws(Issue) -> [SourceCall] {
    var sources: [SourceCall] = []
    repeat { sources.append(try source()) } while accept(.comma)
    return sources
  }

  /// Reads `kind('text', ...)`.
  mutating func source() throws(Issue) -> SourceCall {
    let kind = token
    let example = "for example influx('source', 'measurement')"
    guard kind.kind == .word else { throw unexpected("a source", hint: example) }
    advance()
    try expect(.leftParenthesis, "'(' after \(brief(kind.text))", hint: example)
    var arguments: [Spanned<String>] = []
    repeat { arguments.append(try string("a text in single quotes")) } while accept(.comma)
    try expect(.rightParenthesis, "',' or ')'")
    return SourceCall(
      asciiLowercased(kind.text), arguments, span: span(from: kind.span))
  }
}
