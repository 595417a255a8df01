import Foundation

/// The grammar of `grammar/nql.ebnf`, as data.
struct Grammar: Sendable {
  indirect enum Node: Sendable, Equatable {
    /// A word or sign, in small letters.
    case literal(String)
    /// A class of tokens, such as NAME.
    case token(String)
    case rule(Int)
    case sequence([Node])
    case choice([Node])
    case optional(Node)
    case repetition(Node)
  }

  private(set) var names: [String] = []
  private(set) var rules: [Node] = []
  /// The words by which the errors of side conditions are told.
  private(set) var sideConditions: [String] = []

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../grammar").standardized

  static func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  static let shared = Result { try Grammar(text("nql.ebnf")) }

  init(_ text: String) throws {
    let comments = try text.split(separator: "Side conditions", maxSplits: 1).last.map(String.init)
    sideConditions = (comments?.split(separator: "*)").first ?? "").split(separator: "\n")
      .compactMap { line in
        let line = line.drop { $0 == " " }
        return line.hasPrefix("\"") ? String(line.split(separator: "\"")[0]) : nil
      }
    var reader = GrammarReader(Self.withoutComments(text))
    names = reader.ruleNames
    rules = try names.map { _ in try reader.rule() }
  }

  /// The productions alone, which the documentation shows.
  static func withoutComments(_ text: String) -> String {
    var plain = ""
    var rest = Substring(text)
    while let start = rest.range(of: "(*") {
      plain += rest[..<start.lowerBound]
      rest = rest[start.upperBound...]
      rest = rest.range(of: "*)").map { rest[$0.upperBound...] } ?? ""
    }
    return (plain + rest).replacing(#/\n{3,}/#, with: "\n\n")
      .trimmingCharacters(in: .newlines) + "\n"
  }

  /// All literals of all rules.
  var literals: Set<String> {
    var found: Set<String> = []
    for rule in rules {
      Self.visit(rule) { if case .literal(let text) = $0 { found.insert(text) } }
    }
    return found
  }

  /// The rules that can be reached from one, it included.
  func reachable(from start: Int) -> Set<Int> {
    var found: Set<Int> = [start]
    var open = [start]
    while let rule = open.popLast() {
      Self.visit(rules[rule]) {
        if case .rule(let next) = $0, found.insert(next).inserted { open.append(next) }
      }
    }
    return found
  }

  static func visit(_ node: Node, _ body: (Node) -> Void) {
    body(node)
    switch node {
    case .sequence(let nodes), .choice(let nodes): for node in nodes { visit(node, body) }
    case .optional(let node), .repetition(let node): visit(node, body)
    case .literal, .token, .rule: break
    }
  }
}

struct GrammarError: Error, CustomStringConvertible {
  var description: String
}

/// Reads EBNF.
private struct GrammarReader {
  private var symbols: [Substring]
  private var place = 0
  let ruleNames: [String]

  init(_ text: String) {
    symbols = text.matches(of: #/"[^"]+"|[A-Za-z_0-9]+|[^\s]/#).map { text[$0.range] }
    var names: [String] = []
    for index in symbols.indices.dropFirst() where symbols[index] == "=" {
      names.append(String(symbols[index - 1]))
    }
    ruleNames = names
  }

  private var next: Substring { place < symbols.count ? symbols[place] : "" }

  private mutating func expect(_ symbol: Substring) throws {
    guard next == symbol else {
      throw GrammarError(description: "expected \(symbol), found \(next), symbol \(place)")
    }
    place += 1
  }

  mutating func rule() throws -> Grammar.Node {
    place += 1
    try expect("=")
    let node = try choice()
    try expect(";")
    return node
  }

  private mutating func choice() throws -> Grammar.Node {
    var nodes = [try sequence()]
    while next == "|" {
      place += 1
      nodes.append(try sequence())
    }
    return nodes.count == 1 ? nodes[0] : .choice(nodes)
  }

  private mutating func sequence() throws -> Grammar.Node {
    var nodes: [Grammar.Node] = []
    while !["|", ";", ")", "]", "}", ""].contains(next) { nodes.append(try item()) }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func item() throws -> Grammar.Node {
    let symbol = next
    place += 1
    switch symbol {
    case "(":
      let inner = try choice()
      try expect(")")
      return inner
    case "[":
      let inner = try choice()
      try expect("]")
      return .optional(inner)
    case "{":
      let inner = try choice()
      try expect("}")
      return .repetition(inner)
    default: return try name(symbol)
    }
  }

  private func name(_ symbol: Substring) throws -> Grammar.Node {
    if symbol.hasPrefix("\"") { return .literal(symbol.dropFirst().dropLast().lowercased()) }
    if symbol.allSatisfy({ $0.isUppercase || $0 == "_" }) { return .token(String(symbol)) }
    guard let rule = ruleNames.firstIndex(of: String(symbol)) else {
      throw GrammarError(description: "there is no rule \(symbol)")
    }
    return .rule(rule)
  }
}
