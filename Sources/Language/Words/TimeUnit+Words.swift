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

  /// Whether a word is the unit that options of sources and targets take besides.
  static func isMillisecond(_ word: String) -> Bool { asciiLowercased(word) == "ms" }

  /// Case counts for no word but `M`, which could be a minute or a month.
  init?(word: String) {
    guard word.utf8.count <= 8, word != "M" else { return nil }
    let word = asciiLowercased(word)
    guard let unit = Self.allCases.first(where: { $0.words.contains(word) }) else { return nil }
    self = unit
  }
}
