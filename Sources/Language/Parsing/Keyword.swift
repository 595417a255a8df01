/// The words that are no names unless quoted.
enum Keyword: String, CaseIterable {
  case select, from, `where`, group, by, having, order, limit, `as`
  case and, or, not, `in`, between, like, `is`, null, `true`, `false`

  init?(word: String) { self.init(rawValue: asciiLowercased(word)) }
}

/// The words that are told from names by their place: a field may have any of them as its name.
enum Word: String, CaseIterable {
  // Statements.
  case explain, analyze, value, change, events, `for`, prove, into, verify, log
  case define, alter, redefine, drop, rebuild, backfill, show, describe, to
  case compare, `switch`, stream, kpi
  // Clauses of a query.
  case facet, since, until, last, at, every, rolling, timeseries, slide, time, zone, fill
  case previous, linear, with, ago, asc, desc, per, bucket, of, seq, using, version, only, final
  case whole, buckets
  case now, today, yesterday
  // Clauses of a definition.
  case lateness, key, dedup, within, no, explode, element, unit, format, dimensions, source
  // What SHOW lists, beside `dimensions`.
  case streams, kpis, fields, watermark, late, rejected, duplicates, ahead, versions, sources,
    history
  case create, arrival

  init?(word: String) { self.init(rawValue: asciiLowercased(word)) }

  /// As it is shown and printed.
  var written: String { rawValue.uppercased() }
}

extension TimeUnit {
  /// All words for a unit, the short one that is printed first.
  var words: [String] {
    switch self {
    case .second: ["s", "sec", "secs", "second", "seconds"]
    case .minute: ["m", "min", "mins", "minute", "minutes"]
    case .hour: ["h", "hr", "hrs", "hour", "hours"]
    case .day: ["d", "day", "days"]
    case .week: ["w", "week", "weeks"]
    case .month: ["mo", "month", "months"]
    case .quarter: ["q", "quarter", "quarters"]
    case .year: ["y", "yr", "year", "years"]
    }
  }

  /// Case counts for no word but `M`, which could be a minute or a month.
  init?(word: String) {
    guard word.utf8.count <= 8, word != "M" else { return nil }
    let word = asciiLowercased(word)
    guard let unit = Self.allCases.first(where: { $0.words.contains(word) }) else { return nil }
    self = unit
  }
}

/// The words of the language, for completion and for highlighting. All in small letters; case does
/// not count in a text.
public enum Vocabulary {
  /// The words that are names only in double quotes.
  public static let reserved = Keyword.allCases.map(\.rawValue)
  /// The words that are keywords in their place, and names elsewhere.
  public static let contextual = Word.allCases.map(\.rawValue)
  /// The words that statements begin with.
  public static let statements = [Keyword.select.rawValue] + TokenReader.openings.map(\.rawValue)
  /// All spellings of all units of time: `h`, `hr`, `hour`, `hours`.
  public static let timeUnits = TimeUnit.allCases.flatMap(\.words)
  /// The names of functions. There are also p0 to p100.
  public static let functions =
    AggregateFunction.ofOneField.map(\.name) + ["median", "percentile", "quantile", "top"]
    + ScalarFunction.allCases.map(\.name) + WindowFunction.allCases.map(\.name)
}
