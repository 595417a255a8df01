import Language
import Query
import Terminal

/// The words that may come next, the likely ones first.
struct CompletionWords {
  private let context: CompletionContext
  private let catalogue: CatalogueSnapshot?

  init(_ context: CompletionContext, _ catalogue: CatalogueSnapshot?) {
    (self.context, self.catalogue) = (context, catalogue)
  }

  private static let statements = [
    "SELECT", "SHOW", "DESCRIBE", "EXPLAIN", "DEFINE KPI", "REDEFINE KPI", "COMPARE KPI",
    "SWITCH KPI", "DROP KPI", "REBUILD KPI", "DEFINE STREAM", "ALTER STREAM", "DROP STREAM",
    "DEFINE SCHEDULE", "DROP SCHEDULE", "DEFINE ALERT", "DROP ALERT", "DEFINE SOURCE",
    "PAUSE SOURCE", "RESUME SOURCE", "DROP SOURCE", "DEFINE SINK", "DROP SINK", "EVENTS FOR",
  ]
  /// What follows these words, and nothing else does.
  private static let followers: [String: [String]] = [
    "show": [
      "STREAMS", "KPIS", "FIELDS", "DIMENSIONS", "WATERMARK", "SOURCES", "VERSIONS", "LATE",
      "REJECTED", "DUPLICATES", "AHEAD", "HISTORY", "CREATE", "SCHEDULES", "ALERTS", "SINKS",
    ],
    "explain": ["SELECT", "ANALYZE", "VALUE"], "group": ["BY"], "order": ["BY"],
    "since": times, "until": times, "at": times, "fill": ["NULL", "0", "PREVIOUS", "LINEAR"],
    "time": ["ZONE"], "only": ["FINAL"], "whole": ["BUCKETS"], "using": ["VERSION"],
    "per": ["BUCKET"],
    "is": ["NULL", "NOT NULL"], "define": ["KPI", "STREAM", "SCHEDULE", "ALERT", "SOURCE", "SINK"],
    "redefine": ["KPI"],
    "drop": ["KPI", "STREAM", "SCHEDULE", "ALERT", "SOURCE", "SINK"], "pause": ["SOURCE"],
    "resume": ["SOURCE"], "alter": ["STREAM"], "switch": ["KPI"],
    "rebuild": ["KPI"],
    "compare": ["WITH", "KPI"],
    "events": ["FOR"], "of": ["SEQ"] + times,
  ]
  private static let times = ["NOW", "TODAY", "YESTERDAY"]
  private static let units = [
    "SECONDS", "MINUTES", "HOURS", "DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS",
  ]
  private static let clauses = [
    "FROM", "WHERE", "GROUP BY", "SINCE", "UNTIL", "LAST", "AT", "EVERY", "ROLLING",
    "TIME ZONE", "FILL", "COMPARE WITH", "HAVING", "ORDER BY", "LIMIT", "PER BUCKET", "AS",
    "AS OF", "USING VERSION", "ONLY FINAL", "AND", "OR", "NOT", "IN", "BETWEEN",
    "LIKE",
    "IS NULL", "IS NOT NULL", "ASC", "DESC", "AGO", "LATENESS",
  ]
  /// After these a value is more likely than a clause, as it is after operators.
  private static let beforeValues: Set<String> = [
    "select", "where", "and", "or", "not", "by", "having", "facet", "between",
  ]

  var candidates: [Completion.Candidate] {
    guard let last = context.last else { return keywords(Self.statements) }
    let word = context.lastWord
    switch word {
    case "from", "describe", "create": return Self.targets(of: catalogue)
    case "of" where context.hasWord("history"): return Self.targets(of: catalogue)
    case "kpi": return Self.kpis(of: catalogue)
    case "stream": return context.hasWord("define") ? [] : Self.streams(of: catalogue)
    default: break
    }
    if last.kind != .name, let next = Self.followers[word] { return keywords(next) }
    if last.kind == .number { return keywords(Self.units + Self.clauses) }
    let isOpen = last.kind == .operator && last.text != ")" && last.text != "*"
    if isOpen || Self.beforeValues.contains(word) && last.kind == .keyword { return values }
    // A word that is no clause may still be a value.
    let typed = context.word.uppercased()
    let isClause = Self.clauses.contains { $0.hasPrefix(typed) }
    return isClause ? keywords(Self.clauses) : values
  }

  private var values: [Completion.Candidate] {
    let functions = Vocabulary.functions.map {
      Completion.Candidate("\($0)(", description: "function")
    }
    return fields + functions + keywords(["NULL", "TRUE", "FALSE", "NOT"])
  }

  /// Those of the query's stream or KPI; of all streams if there is no FROM yet.
  private var fields: [Completion.Candidate] {
    guard let catalogue else { return [] }
    if let kpi = catalogue.kpis.first(where: { $0.name == context.target && $0.isActive }) {
      let names = kpi.groupBy.map { ($0, "group") } + kpi.items.map { ($0.name, "number") }
      return names.map { .init(FieldPath($0.0).canonicalText, description: $0.1) }
    }
    let known = catalogue.streams.filter { $0.name == context.target }
    return (known.isEmpty ? catalogue.streams : known).flatMap { stream in
      stream.fields.filter(\.hasColumn).map { field in
        let kind = known.isEmpty ? "\(stream.name), \(field.kind)" : "\(field.kind)"
        return .init(FieldPath(field.path).canonicalText, description: kind)
      }
    }
  }

  /// With the blank that comes next.
  private func keywords(_ words: [String]) -> [Completion.Candidate] {
    words.map { .init("\(context.isLowercase ? $0.lowercased() : $0) ") }
  }

  static func targets(of catalogue: CatalogueSnapshot?) -> [Completion.Candidate] {
    streams(of: catalogue) + kpis(of: catalogue)
  }

  private static func streams(of catalogue: CatalogueSnapshot?) -> [Completion.Candidate] {
    (catalogue?.streams ?? []).map {
      .init(Name($0.name).canonicalText, description: "stream")
    }
  }

  private static func kpis(of catalogue: CatalogueSnapshot?) -> [Completion.Candidate] {
    let active = (catalogue?.kpis ?? []).filter(\.isActive)
    return active.map { .init(Name($0.name).canonicalText, description: "KPI of \($0.stream)") }
  }
}
