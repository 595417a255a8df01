/// Makes random sentences of a grammar, as texts of tokens. Each goes to a rule chosen at random, so
/// that those far from the first one are made as often.
struct SentenceMaker {
  private let grammar: Grammar
  /// How deep a rule goes at least.
  private let depths: [Int]
  private let reachable: [Set<Int>]
  /// Where the sentence is going; nil when it has been there.
  private var target: Int?
  var random = SeededGenerator(seed: 1)
  /// The rules that have been gone through.
  private(set) var usedRules: Set<Int> = []

  init(_ grammar: Grammar) {
    self.grammar = grammar
    reachable = grammar.rules.indices.map { grammar.reachable(from: $0) }
    depths = Self.depths(grammar)
  }

  private static func depths(_ grammar: Grammar) -> [Int] {
    var depths = Array(repeating: 1000, count: grammar.rules.count)
    for _ in grammar.rules { depths = grammar.rules.map { 1 + depth($0, depths) } }
    return depths
  }

  private static func depth(_ node: Grammar.Node, _ depths: [Int]) -> Int {
    switch node {
    case .literal, .token, .optional, .repetition: 0
    case .rule(let rule): depths[rule]
    case .sequence(let nodes): nodes.map { depth($0, depths) }.max() ?? 0
    case .choice(let nodes): nodes.map { depth($0, depths) }.min() ?? 0
    }
  }

  /// A sentence of the rule, or of the whole grammar.
  mutating func sentence(_ rule: Int = 0, depth: Int = 14) -> [String] {
    target = random.pick(Array(grammar.rules.indices))
    var tokens: [String] = []
    make(.rule(rule), depth, &tokens)
    return tokens
  }

  /// Whether the target lies beyond the node.
  private func isOnTheWay(_ node: Grammar.Node) -> Bool {
    guard let target else { return false }
    var isOnTheWay = false
    Grammar.visit(node) {
      if case .rule(let rule) = $0, reachable[rule].contains(target) { isOnTheWay = true }
    }
    return isOnTheWay
  }

  private mutating func make(_ node: Grammar.Node, _ depth: Int, _ tokens: inout [String]) {
    switch node {
    case .literal(let text): tokens.append(cased(text))
    case .token(let name): tokens.append(token(name))
    case .rule(let rule):
      usedRules.insert(rule)
      let isTarget = rule == target
      if isTarget || depth < -40 { target = nil }
      make(grammar.rules[rule], isTarget ? max(depth, 4) : depth - 1, &tokens)
    case .sequence(let nodes): sequence(nodes, depth, &tokens)
    case .choice(let nodes):
      let way = nodes.filter { isOnTheWay($0) }
      if !way.isEmpty { return make(random.pick(way), depth, &tokens) }
      let shallow = nodes.filter { Self.depth($0, depths) <= max(depth, 0) }
      let least = nodes.min { Self.depth($0, depths) < Self.depth($1, depths) }
      make(shallow.isEmpty ? least ?? node : random.pick(shallow), depth, &tokens)
    case .optional(let node):
      if isOnTheWay(node) || depth > 0 && random.oneIn(2) { make(node, depth, &tokens) }
    case .repetition(let node):
      if isOnTheWay(node) { make(node, depth, &tokens) }
      while depth > 0, tokens.count < 80, random.oneIn(3) { make(node, depth, &tokens) }
    }
  }

  /// One of the nodes on the way is taken, since others may lead away for ever.
  private mutating func sequence(
    _ nodes: [Grammar.Node], _ depth: Int, _ tokens: inout [String]
  ) {
    let goal = target
    let way = nodes.indices.filter { isOnTheWay(nodes[$0]) }
    let chosen = way.isEmpty ? nil : random.pick(way)
    for (index, node) in nodes.enumerated() {
      target = index == chosen ? goal : nil
      make(node, depth, &tokens)
    }
  }

  private mutating func cased(_ text: String) -> String {
    random.oneIn(4) ? text : text.uppercased()
  }

  // MARK: Tokens

  private static let names = [
    "a", "city", "temperature", "last", "time", "zone", "version", "of", "first", "count", "now",
    "p95", "asc", "seq", "kpi", "stream", "final", "log", "abs", "zscore", "ago", "\"select\"",
    "\"a b\"", "`from`", "température", "until", "hour", "every",
  ]

  mutating func token(_ name: String) -> String {
    switch name {
    case "NAME": random.pick(Self.names)
    case "ALIAS": random.pick(Self.names.filter { $0 != "of" } + ["\"of\""])
    case "WORD": random.pick(["influx", "kafka", "file", "last"])
    case "RESERVED": random.pick(["select", "FROM", "null", "by", "As"])
    case "STRING": random.pick(["'2024-07-30T12:00Z'", "'it''s'", "''", "'Europe/Paris'"])
    case "NUMBER": random.pick(["0", "12", "0.5", ".5", "1e-3", "7"])
    case "INTEGER": random.pick(["0", "1", "10", "007"])
    case "COUNT": random.pick(["1", "24", "90"])
    case "UNIT": random.pick(["s", "minutes", "H", "day", "mo", "quarters", "Years", "w"])
    case "LENGTH": random.pick(["5m", "1h", "30Days", "1mo", "1q"])
    case "MS": random.pick(["ms", "MS"])
    case "COUNT_MS": random.pick(["250ms", "1MS"])
    case "PARAMETER": random.pick(["$a", "$from", "$Last_7"])
    case "PERCENTILE": random.pick(["p50", "P99.9", "p0", "p100"])
    case "PERCENT": random.pick(["0", "99.9", "50", "100", "1"])
    case "SHARE": random.pick(["0", "0.999", "1", ".5", "1e-3"])
    case "TOP_COUNT": random.pick(["1", "10", "1000", "1e2"])
    default: "?"
    }
  }

  static let tokenNames = [
    "NAME", "ALIAS", "WORD", "RESERVED", "STRING", "NUMBER", "INTEGER", "COUNT", "UNIT", "LENGTH",
    "MS", "COUNT_MS", "PARAMETER", "PERCENTILE", "PERCENT", "SHARE", "TOP_COUNT",
  ]

  // MARK: Mutations

  /// Drops, doubles, swaps, replaces or adds a token.
  mutating func mutate(_ tokens: inout [String], _ literals: [String]) {
    let place = random.below(tokens.count + 1)
    guard place < tokens.count, !random.oneIn(6) else {
      tokens.insert(anyToken(literals), at: place)
      return
    }
    switch random.below(5) {
    case 0: tokens.remove(at: place)
    case 1: tokens.insert(tokens[place], at: place)
    case 2: tokens.swapAt(place, random.below(tokens.count))
    case 3 where place + 1 < tokens.count: tokens.swapAt(place, place + 1)
    default: tokens[place] = anyToken(literals)
    }
  }

  private mutating func anyToken(_ literals: [String]) -> String {
    random.oneIn(3) ? token(random.pick(Self.tokenNames)) : cased(random.pick(literals))
  }

  /// The text of tokens. A name and its parenthesis touch, as they have to in `p99.9(x)`.
  static func text(_ tokens: [String]) -> String {
    tokens.reduce(into: "") { text, token in
      text += (text.isEmpty || token == "(" ? "" : " ") + token
    }
  }
}
