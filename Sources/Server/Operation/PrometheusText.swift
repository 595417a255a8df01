/// Figures in the text format of Prometheus, version 0.0.4.
struct PrometheusText {
  /// What a figure does over time.
  enum Kind: String { case counter, gauge, histogram }

  private(set) var text = ""

  /// A figure without labels.
  mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
    begin(name, kind, help)
    line(name, [:], value)
  }

  /// A figure for each set of labels.
  mutating func add(
    _ name: String, _ kind: Kind, _ help: String,
    _ values: [(labels: KeyValuePairs<String, String>, value: Double)]
  ) {
    guard !values.isEmpty else { return }
    begin(name, kind, help)
    for (labels, value) in values { line(name, labels, value) }
  }

  /// The counts of a histogram, each with those before it, as the format wants them.
  mutating func add(_ name: String, _ help: String, _ histogram: Histogram) {
    begin(name, .histogram, help)
    var count = 0
    for (index, more) in histogram.values.enumerated() {
      count += more
      let bound =
        index < Histogram.boundsSeconds.count ? Self.number(Histogram.boundsSeconds[index]) : "+Inf"
      line("\(name)_bucket", ["le": bound], Double(count))
    }
    line("\(name)_sum", [:], histogram.sumSeconds)
    line("\(name)_count", [:], Double(count))
  }

  private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  private mutating func line(
    _ name: String, _ labels: KeyValuePairs<String, String>, _ value: Double
  ) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",") + "}"
    }
    text += " \(Self.number(value))\n"
  }

  private static func number(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }

  /// A label's value, as it stands in quotes.
  static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
