import Language

/// Random trees of statements, of the kind that the parser makes.
extension Generator {
  mutating func statement() -> Statement {
    switch random.below(18) {
    case 0...4: Statement(.select(select()))
    case 5: Statement(.explain(random.pick(Statement.Explanation.allCases), select()))
    case 6: Statement(.explainChange(select(hasAsOf: false), from: asOf(), to: asOf()))
    case 7: Statement(.eventsFor(select()))
    case 8: Statement(.prove(select(), into: Spanned(string())))
    case 9: Statement(random.oneIn(2) ? .verifyLog : .verifyFile(Spanned(string())))
    case 10:
      random.oneIn(2)
        ? Statement(.defineStream(defineStream())) : Statement(.alterStream(alterStream()))
    case 11: Statement(random.oneIn(2) ? .defineKpi(defineKpi()) : .redefineKpi(defineKpi()))
    case 12: Statement(.show(show()))
    case 13: Statement(automation())
    default: Statement(ofKpi())
    }
  }

  private mutating func ofKpi() -> Statement.Body {
    switch random.below(6) {
    case 0:
      .compareKpi(
        CompareKpi(
          name(), version: version(), with: version(), range: maybe { $0.range(hasAt: false) },
          limit: maybe { $0.limit() }))
    case 1: .switchKpi(name(), version: version())
    case 2:
      switch random.below(3) {
      case 0: .dropKpi(name())
      case 1: .dropStream(name())
      default: .alterKpi(alterKpi())
      }
    case 3: .rebuildKpi(name(), range: maybe { $0.bounds() })
    case 4: .backfill(stream: name(), from: source(), since: time(), until: time())
    default: .describe(name())
    }
  }

  // MARK: Queries

  mutating func select(hasAsOf: Bool = true) -> Select {
    Select(
      some { $0.selectItem() }, from: name(), filter: maybe { $0.queryPredicate(3) },
      groupBy: random.oneIn(2) ? some { $0.dimension() } : [], range: maybe { $0.range() },
      every: maybe { $0.every() }, wholeBuckets: random.oneIn(4) ? TextSpan.none : nil,
      timeZone: maybe { Spanned($0.string()) },
      fill: maybe { Spanned($0.random.pick(Fill.allCases)) }, compareWith: maybe { $0.length() },
      having: maybe { $0.condition(3) }, orderBy: random.oneIn(2) ? some { $0.orderKey() } : [],
      limit: maybe { $0.limit() }, asOf: hasAsOf ? maybe { $0.asOf() } : nil,
      version: maybe { $0.version() }, isOnlyFinal: random.oneIn(4))
  }

  private mutating func selectItem() -> SelectItem {
    if random.oneIn(6) { return .star(.none) }
    var item = item()
    item.expression = queryExpression(random.below(5))
    return .item(item)
  }

  mutating func queryExpression(_ depth: Int) -> Language.Expression {
    if depth == 0 || random.oneIn(4) { return leaf() }
    switch random.below(6) {
    case 0: return .negate(queryExpression(depth - 1))
    case 1, 2: return .scalar(scalar(depth))
    case 3:
      let function = random.pick(WindowFunction.allCases)
      let length = function == .zscore ? length() : maybe { $0.length() }
      return .window(WindowCall(function, queryExpression(depth - 1), length: length))
    default:
      return .binary(
        random.pick(BinaryOperator.allCases), queryExpression(depth - 1),
        queryExpression(depth - 1))
    }
  }

  private mutating func leaf() -> Language.Expression {
    switch random.below(7) {
    case 0: .field(field())
    case 1: .string(Spanned(Text(string())))
    case 2: .bool(Spanned(random.oneIn(2)))
    case 3: .null(.none)
    case 4: .parameter(parameter())
    default: expression(0)
    }
  }

  private mutating func scalar(_ depth: Int) -> ScalarCall {
    let function = random.pick(ScalarFunction.allCases)
    let count = random.within(function.arity.lowerBound...min(3, function.arity.upperBound))
    return ScalarCall(function, (0..<count).map { _ in queryExpression(depth - 1) })
  }

  private mutating func orderKey() -> OrderKey {
    OrderKey(queryExpression(random.below(3)), isDescending: random.oneIn(2))
  }

  private mutating func limit() -> Limit {
    Limit(random.within(0...5000), isPerBucket: random.oneIn(2))
  }

  // MARK: Conditions

  mutating func queryPredicate(_ depth: Int) -> Language.Predicate {
    random.oneIn(2)
      ? predicate(depth)
      : .and(
        .compare(field(), random.pick(Comparison.allCases), .parameter(parameter())),
        .in(field(), [.parameter(parameter()), .bool(true)], isNegated: random.oneIn(2)))
  }

  mutating func condition(_ depth: Int) -> Condition {
    if depth > 0, !random.oneIn(4) {
      switch random.below(3) {
      case 0: return .and(condition(depth - 1), condition(depth - 1))
      case 1: return .or(condition(depth - 1), condition(depth - 1))
      default: return .not(condition(depth - 1))
      }
    }
    let value = queryExpression(random.below(3))
    let isNegated = random.oneIn(2)
    switch random.below(7) {
    case 0: return .in(value, some { $0.queryExpression(1) }, isNegated: isNegated)
    case 1:
      return .between(value, queryExpression(1), queryExpression(1), isNegated: isNegated)
    case 2: return .like(value, pattern: Text(string()), isNegated: isNegated)
    case 3: return .matches(value, pattern: Spanned(Text(string())), isNegated: isNegated)
    case 4: return .isNull(value, isNegated: isNegated)
    case 5: return .constant(isNegated)
    default: return .compare(value, random.pick(Comparison.allCases), queryExpression(2))
    }
  }

  // MARK: Time

  private mutating func length() -> TimeLength {
    TimeLength(
      random.pick([1, 24, 90, LanguageLimits.maxTimeAmount]), random.pick(TimeUnit.allCases))
  }

  private mutating func time() -> TimeExpression {
    let base: TimeExpression.Base =
      switch random.below(6) {
      case 0: .now
      case 1: .today
      case 2: .yesterday
      case 3: .text(string())
      case 4: .ago(length())
      default: .parameter(parameter())
      }
    let offsets = (0..<random.below(3)).map { _ in
      TimeExpression.Offset(isBack: random.oneIn(2), length())
    }
    return TimeExpression(base, offsets: offsets)
  }

  private mutating func asOf() -> AsOf {
    random.oneIn(2) ? .seq(Spanned(random.word())) : .time(time())
  }

  private mutating func range(hasAt: Bool = true) -> TimeRange {
    if hasAt, random.oneIn(3) { return .at(time()) }
    return random.oneIn(3) ? .last(length()) : bounds()
  }

  private mutating func bounds() -> TimeRange {
    switch random.below(3) {
    case 0: .bounds(since: time(), until: nil)
    case 1: .bounds(since: nil, until: time())
    default: .bounds(since: time(), until: time())
    }
  }

  private mutating func every() -> Every { Every(length(), rolling: maybe { $0.length() }) }

  // MARK: Definitions and lists

  private mutating func defineStream() -> DefineStream {
    var stream = DefineStream(
      name(), time: field(), key: maybe { $0.field() }, dedupBy: maybe { $0.dedupBy() },
      explode: maybe { $0.field() }, elementTime: maybe { $0.field() },
      lateness: maybe { $0.length() }, dimensions: random.oneIn(2) ? some { $0.field() } : [],
      sources: random.oneIn(2) ? some { $0.source() } : [])
    stream.timeForm = timeForm()
    return stream
  }

  private mutating func alterStream() -> AlterStream {
    var alteration = AlterStream(
      name(), time: field(), key: maybe { $0.field() }, dedupBy: maybe { $0.dedupBy() },
      explode: maybe { $0.field() }, elementTime: maybe { $0.field() },
      lateness: maybe { $0.length() },
      absent: random.oneIn(2) ? some { $0.random.pick(AlterStream.Part.allCases) } : [])
    alteration.timeForm = timeForm()
    return alteration
  }

  private mutating func timeForm() -> TimeForm {
    TimeForm(
      zone: maybe { Spanned($0.string()) }, unit: maybe { Spanned($0.string()) },
      format: maybe { Spanned($0.string()) })
  }

  private mutating func dedupBy() -> DedupBy {
    DedupBy(some { $0.field() }, within: maybe { $0.length() })
  }

  private mutating func source() -> SourceCall {
    SourceCall(random.pick(["influx", "kafka", "last"]), some { Spanned($0.string()) })
  }

  private mutating func defineKpi() -> DefineKpi {
    var kpi = DefineKpi(
      name(), as: some { $0.item() }, from: name(), filter: maybe { $0.predicate(3) },
      groupBy: random.oneIn(2) ? some { $0.dimension() } : [], every: every(),
      timeZone: maybe { Spanned($0.string()) }, lateness: maybe { $0.length() })
    for place in kpi.items.indices where random.oneIn(3) {
      kpi.meanings[place] = meaning()
    }
    return kpi
  }

  private mutating func alterKpi() -> AlterKpi {
    AlterKpi(
      name(), column: maybe { $0.name() }, meaning(),
      absent: random.oneIn(2) ? some { $0.random.pick(AlterKpi.Part.allCases) } : [])
  }

  /// One that says something.
  private mutating func meaning() -> ColumnMeaning {
    let low = Double(random.within(-30...30)) / 4
    let high = low + Double(random.below(9))
    let meaning = ColumnMeaning(
      unit: maybe { Spanned($0.random.pick(["°C", "kWh", "it's", "%"])) },
      target: maybe { ColumnTarget((low + high) / 2, band: $0.random.oneIn(2) ? low...high : nil) },
      better: maybe { Spanned($0.random.pick(ColumnMeaning.Better.allCases)) })
    return meaning.isEmpty ? ColumnMeaning(unit: Spanned("m³")) : meaning
  }

  private mutating func show() -> Show {
    let subject = random.pick(Show.Subject.allCases)
    return Show(
      subject,
      from: subject.needsFrom ? name() : subject.hasFrom ? maybe { $0.name() } : nil,
      filter: subject.isList ? maybe { $0.queryPredicate(2) } : nil,
      range: subject.hasRange ? maybe { $0.range(hasAt: false) } : nil,
      isByArrival: subject.isOfLedger && random.oneIn(2),
      orderBy: subject.isList && random.oneIn(2) ? some { $0.orderKey() } : [],
      limit: subject.isList ? maybe { $0.limit() } : nil)
  }

  // MARK: What happens by itself

  private mutating func automation() -> Statement.Body {
    switch random.below(7) {
    case 0: .dropSchedule(name())
    case 1: .dropAlert(name())
    case 4: random.pick([.dropSource(name()), .pauseSource(name()), .resumeSource(name())])
    case 5: .defineSource(defineSource())
    case 6: .defineSink(DefineSink(name(), from: name(), target: target()))
    case 2:
      .defineSchedule(
        DefineSchedule(
          name(), cron: Spanned(string()), timeZone: maybe { Spanned($0.string()) },
          query: select(hasAsOf: false), target: target()))
    default:
      .defineAlert(
        DefineAlert(
          name(), on: watchedSelect(), bucketCount: maybe { $0.version() },
          isEarly: random.oneIn(2), target: target()))
    }
  }

  private mutating func defineSource() -> DefineSource {
    let target: SourceTarget =
      switch random.below(3) {
      case 0: .stream(random.oneIn(4) ? Name(random.pick(["topic", "field", "TOPIC"])) : name())
      case 1: .field(field())
      default: .topic
      }
    return DefineSource(
      name(), from: Spanned(random.pick(["kafka", "http", "from_"])), options(), into: target)
  }

  private mutating func options() -> [SourceOption] {
    var options: [SourceOption] = []
    for option in some({ SourceOption($0.field(), $0.optionValue()) })
    where !options.contains(where: { $0.name == option.name }) {
      options.append(option)
    }
    return options
  }

  private mutating func optionValue() -> OptionValue {
    random.oneIn(4) ? .list(some { $0.oneValue() }) : oneValue()
  }

  private mutating func oneValue() -> OptionValue {
    switch random.below(5) {
    case 0: .text(string())
    case 1: random.pick([.number(12, text: "12"), .number(-0.5, text: "-0.5")])
    case 2: .bool(random.oneIn(2))
    case 3: random.oneIn(2) ? .length(length()) : .milliseconds(random.pick([1, 250]))
    default: .reference(kind: random.pick(["env", "file"]), argument: string())
    }
  }

  private mutating func watchedSelect() -> Select {
    Select(
      some { $0.selectItem() }, from: name(), filter: maybe { $0.queryPredicate(3) },
      groupBy: random.oneIn(2) ? some { $0.dimension() } : [], every: every(),
      timeZone: maybe { Spanned($0.string()) }, having: condition(3))
  }

  private mutating func target() -> TargetCall {
    let kind = random.pick(["webhook", "file", "into", "kafka"])
    return random.oneIn(3) ? TargetCall(kind, options()) : TargetCall(kind, Spanned(string()))
  }

  // MARK: Names

  private mutating func name() -> Name {
    let path = field().path
    return Name(path.isEmpty ? "a" : path.string)
  }

  private mutating func parameter() -> Parameter {
    Parameter(random.pick(["a", "from", "last_7", "Select", "température"]))
  }

  private mutating func version() -> Spanned<Int> { Spanned(random.within(0...3)) }

  private mutating func maybe<Value>(_ make: (inout Generator) -> Value) -> Value? {
    random.oneIn(3) ? make(&self) : nil
  }

  private mutating func some<Value>(_ make: (inout Generator) -> Value) -> [Value] {
    var values = [make(&self)]
    while random.oneIn(2) { values.append(make(&self)) }
    return values
  }
}
