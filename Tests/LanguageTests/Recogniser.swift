@testable import Language

/// Decides whether tokens are a sentence of a grammar. It tries all ways, so it is complete for any
/// grammar without left recursion, and remembers for each rule and place where it may end.
struct Recogniser {
  private let grammar: Grammar
  private let tokens: [Token]
  /// Lowercased; signs and numbers as written.
  private let texts: [String]
  private var memory: [[Int]?]

  init(_ grammar: Grammar, _ text: String) {
    self.grammar = grammar
    let bytes = Array(text.utf8)
    var lexer = Lexer(bytes)
    var tokens: [Token] = []
    var token = lexer.next()
    while token.kind != .end {
      tokens.append(token)
      token = lexer.next()
    }
    self.tokens = tokens
    texts = tokens.map {
      String(decoding: bytes[$0.span.start..<$0.span.end], as: UTF8.self).lowercased()
    }
    memory = Array(repeating: nil, count: grammar.rules.count * (tokens.count + 1))
  }

  /// Whether all of the text is a sentence.
  mutating func accepts() -> Bool { ends(.rule(0), 0).contains(tokens.count) }

  /// The places where `node` may end that begins at `start`, in order.
  private mutating func ends(_ node: Grammar.Node, _ start: Int) -> [Int] {
    switch node {
    case .literal(let literal):
      return start < tokens.count && isLiteral(literal, start) ? [start + 1] : []
    case .token(let name):
      return start < tokens.count && isToken(name, tokens[start]) ? [start + 1] : []
    case .rule(let rule):
      let slot = rule * (tokens.count + 1) + start
      if let known = memory[slot] { return known }
      let found = ends(grammar.rules[rule], start)
      memory[slot] = found
      return found
    case .sequence(let nodes):
      var places = [start]
      for node in nodes {
        places = merged(places.map { ends(node, $0) })
        if places.isEmpty { break }
      }
      return places
    case .choice(let nodes): return merged(nodes.map { ends($0, start) })
    case .optional(let node): return merged([[start], ends(node, start)])
    case .repetition(let node): return repetition(node, start)
    }
  }

  private mutating func repetition(_ node: Grammar.Node, _ start: Int) -> [Int] {
    var found = [start]
    var open = [start]
    while let place = open.popLast() {
      for end in ends(node, place) where !found.contains(end) {
        found.append(end)
        open.append(end)
      }
    }
    return found.sorted()
  }

  private func merged(_ lists: [[Int]]) -> [Int] {
    let full = lists.filter { !$0.isEmpty }
    return full.count < 2 ? full.first ?? [] : Set(full.joined()).sorted()
  }

  private func isLiteral(_ literal: String, _ place: Int) -> Bool {
    switch tokens[place].kind {
    case .string, .quotedName, .invalid, .parameter, .length, .milliseconds: false
    default: texts[place] == literal
    }
  }

  private func isToken(_ name: String, _ token: Token) -> Bool {
    switch name {
    case "NAME": return token.isName
    case "ALIAS": return token.isName && token.word != .of
    case "WORD": return token.kind == .word
    case "STRING": return token.kind == .string
    case "LENGTH", "COUNT_MS":
      let digits = token.text.prefix { "0"..."9" ~= $0 }
      return token.kind == (name == "LENGTH" ? .length : .milliseconds)
        && Int(digits).map { 1...99_999_999 ~= $0 } ?? false
    case "MS": return token.kind == .word && token.text.lowercased() == "ms"
    case "PARAMETER": return token.kind == .parameter
    case "RESERVED":
      if case .keyword = token.kind { return true }
      return false
    case "UNIT": return token.kind == .word && TimeUnit(word: token.text) != nil
    case "PERCENTILE":
      guard token.kind == .word, token.text.lowercased().hasPrefix("p") else { return false }
      return Double(token.text.dropFirst()).map { 0...100 ~= $0 } ?? false
    default: return isNumber(name, token)
    }
  }

  private func isNumber(_ name: String, _ token: Token) -> Bool {
    guard token.kind == .number, let value = Double(token.text) else { return false }
    let isWhole = token.text.allSatisfy { "0"..."9" ~= $0 }
    switch name {
    case "NUMBER": return true
    case "INTEGER": return isWhole
    case "COUNT": return isWhole && 1...99_999_999 ~= value
    case "PERCENT": return value == 0 || 1...100 ~= value
    case "SHARE": return 0...1 ~= value
    case "TOP_COUNT": return 1...1000 ~= value && value == value.rounded()
    default: return false
    }
  }
}
