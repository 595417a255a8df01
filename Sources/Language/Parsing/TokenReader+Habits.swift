/// What people write who know other languages, and what to write here.
extension TokenReader {
  /// For a token where a clause of such a statement should begin.
  func habitHint(_ rules: ClauseRules) -> String? {
    if token.kind == .word, let hint = rules.habits[asciiLowercased(token.text)] { return hint }
    switch token.kind {
    case .comma: return "clauses follow each other without commas"
    case .keyword(.from) where !rules.followsFrom: return nil
    default: return habitHint
    }
  }

  /// For a token where a statement should end.
  var habitHint: String? {
    switch token.kind {
    case .keyword(.from): "FROM stands once, after the items"
    case .keyword(.select): "two statements are parted by ';'"
    case .word: Self.habits[asciiLowercased(token.text)]
    default: nil
    }
  }

  /// For a word after a call in an item.
  var callHabitHint: String? {
    let word = asciiLowercased(token.text)
    guard token.kind == .word, previousKind == .rightParenthesis,
      ["over", "filter", "within"].contains(word)
    else { return nil }
    return Self.habits[word]
  }

  private static let habits: [String: String] = {
    let join = "a query reads one stream or KPI; there are no joins"
    let regex = "regular expressions are compared with ~, for example name ~ '^pump'"
    return [
      "join": join, "inner": join, "left": join, "right": join, "full": join, "cross": join,
      "natural": join, "on": join,
      "union": "ask twice, or use IN; there is no UNION",
      "offset": "LIMIT takes one number of rows; there is no offset",
      "fetch": "the number of rows is given with LIMIT",
      "over":
        "there are no OVER windows; EVERY 1h ROLLING 1d looks back over a day, and pct_change at the row before",
      "filter":
        "a condition of one aggregate stands within its parentheses: count(* WHERE status = 'down')",
      "within": "write quantile(x, 0.95)",
      "window": "there are no windows by name; EVERY 1h ROLLING 1d looks back over a day",
      "ilike": "to leave case out, write ~ '(?i)pump'",
      "regexp": regex, "rlike": regex, "similar": regex, "glob": "write LIKE 'pump%'",
      "tz": "write TIME ZONE 'Europe/Paris'",
      "interval": "write a count and a unit, for example 1 hour",
      "nulls": "there is no NULLS FIRST nor NULLS LAST",
      "with": "write COMPARE WITH 1 day AGO, TIME ZONE 'Europe/Paris' or FILL PREVIOUS",
      "facets": "write FACET or GROUP BY",
      "during": "write SINCE '2024-07-30' UNTIL '2024-07-31'",
      "timezone": "write TIME ZONE 'Europe/Paris'",
    ]
  }()

  /// For a word that no statement begins with.
  static let statementHabits: [String: String] = {
    let events = "events come in by ingest and are never changed"
    let define = "write DEFINE STREAM or DEFINE KPI"
    let compact = "that is a command of the shell: nilo compact"
    let commands = ["stat", "check", "backup", "ingest", "ledger"].map {
      ($0, "that is a command of the shell: nilo \($0)")
    }
    let others = [
      "create": define, "insert": events, "update": events,
      "delete": events, "truncate": events, "upsert": events, "copy": events,
      "with": "there are no subqueries; define a KPI, or ask twice",
      "desc": "write DESCRIBE", "use": "a query names its stream: SELECT ... FROM name",
      "begin": "there are no transactions; each statement stands alone",
      "commit": "there are no transactions; each statement stands alone",
      "from": "a query begins with SELECT",
      "analyze": "write EXPLAIN ANALYZE SELECT ...",
      "kpi": "write DEFINE KPI",
      "compact": compact, "vacuum": compact, "optimize": compact,
    ]
    return others.merging(commands) { other, _ in other }
  }()

  func noSubquery() -> Issue {
    Issue(token.span, "there are no subqueries", hint: "define a KPI, or ask twice")
  }

  /// For DISTINCT and TOP as words before an item; `name` has been taken as a field.
  func itemHabit(after name: FieldPath) -> Issue? {
    switch asciiLowercased(name.path.string) {
    case "distinct" where token.isName:
      Issue(
        name.span, "DISTINCT is a function here",
        hint: "write distinct(\(brief(token.text))) to count values,"
          + " GROUP BY \(brief(token.text)) to list them")
    case "top" where token.kind == .number:
      Issue(name.span, "TOP is a function here", hint: "the number of rows is given with LIMIT")
    case "case" where token.isName:
      Issue(
        name.span, "there is no CASE",
        hint: "an aggregate may have a condition: count(* WHERE status = 'down')")
    default: nil
    }
  }
}
