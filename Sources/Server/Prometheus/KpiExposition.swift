import Bytes
import Hummingbird
import Model
import NIOCore
import PromQL
import Query

/// `GET /metrics/kpis`: the latest final values of KPIs in the text format of Prometheus, for a server of it to scrape.
struct KpiExposition: Sendable {
  let runner: PrometheusRunner

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    let asked = try await runner.fields(of: request)
    let selectors = try asked.selectors()
    let hasTimes = try Self.flag("timestamps", asked)
    // Prometheus 3 says so where it takes names of any text.
    let takesAny = request.headers[.accept]?.contains("escaping=allow-utf-8") ?? false
    let text = try await runner.run(context) { source in
      try source.exposition(selectors.isEmpty ? [[]] : selectors, hasTimes, takesAny)
    }
    let type =
      takesAny
      ? "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
      : "text/plain; version=0.0.4; charset=utf-8"
    return Response(
      status: .ok, headers: [.contentType: type],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  private static func flag(_ name: String, _ asked: PrometheusRequest) throws(Problem) -> Bool {
    switch asked[name] {
    case nil, "false": return false
    case "true": return true
    case let other?: throw PrometheusRequest.invalid(name, "\(other) is neither true nor false")
    }
  }
}

extension KpiSampleSource {
  /// The series that one of the selectors takes, by metric.
  fileprivate func exposition(
    _ selectors: [[Matcher]], _ hasTimes: Bool, _ takesAny: Bool
  ) throws -> String {
    var names = ExposedNames(takesAny: takesAny)
    var text = ""
    for part in parts([]) where selectors.contains(where: part.kpi.mayMatch) {
      guard let range = try lastFinal(part.kpi) else { continue }
      let series = try samples(part, [], range)
      for metric in part.metrics {
        let shown = series.filter { one in
          one.labels[Labels.metricName] == metric.name
            && selectors.contains { $0.accept(one.labels) }
        }
        if shown.isEmpty { continue }
        let name = names.metric(metric.name)
        text += "# HELP \(name) \(Self.escapedHelp(metric.help))\n# TYPE \(name) gauge\n"
        if let unit = metric.unit { text += "# UNIT \(name) \(unit)\n" }
        for one in shown.sorted(by: { $0.labels < $1.labels }) {
          guard let value = one.values.last, let timeMs = one.timesMs.last else { continue }
          text += names.series(metric.name, one.labels) + " \(PromQLNumber.text(value))"
          text += hasTimes ? " \(timeMs)\n" : "\n"
        }
      }
    }
    return text
  }

  /// The last bucket whose rows are final; nil while none is.
  private func lastFinal(_ kpi: KpiInfo) throws -> Range<Int64>? {
    let stream = snapshot.streams.first { $0.name == kpi.stream }
    guard let watermarkNs = stream?.watermarkNs, let times = stream?.timesNs else { return nil }
    let buckets = try kpi.buckets
    let endNs = buckets.start(of: watermarkNs.saturatingSubtracting(kpi.latenessNs))
    // Rolling windows go on behind the last fact, buckets of their own do not.
    let lastNs =
      kpi.rolling == nil ? min(endNs, buckets.range(of: times.upperBound).upperBound) : endNs
    return lastNs > times.lowerBound ? buckets.start(of: lastNs - 1)..<lastNs : nil
  }

  private static func escapedHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }
}

/// Names as the text format takes them. What it does not take is an underscore; a metric whose name is another's then has
/// its bytes in hexadecimal digits instead, as Prometheus' escaping by values has it.
private struct ExposedNames {
  let takesAny: Bool
  private var taken: [String: Text] = [:]

  init(takesAny: Bool) { self.takesAny = takesAny }

  mutating func metric(_ name: Text) -> String {
    if takesAny { return name.isMetricName ? name.string : Self.quoted(name) }
    let plain = Self.underscored(name, isMetric: true)
    if let other = taken[plain], other != name { return Self.escapedByValues(name) }
    taken[plain] = name
    return plain
  }

  mutating func series(_ name: Text, _ labels: Labels) -> String {
    let shown = metric(name)
    var parts = shown.hasPrefix("\"") ? [shown] : []
    var known: Set<String> = []
    for pair in labels.pairs where pair.name != Labels.metricName {
      var label = pair.name.isLabelName ? pair.name.string : Self.quoted(pair.name)
      if !takesAny { label = Self.underscored(pair.name, isMetric: false) }
      if !known.insert(label).inserted { label = Self.escapedByValues(pair.name) }
      parts.append("\(label)=\(Self.quoted(pair.value))")
    }
    let prefix = shown.hasPrefix("\"") ? "" : shown
    return parts.isEmpty ? prefix : "\(prefix){\(parts.joined(separator: ","))}"
  }

  private static func underscored(_ name: Text, isMetric: Bool) -> String {
    var shown = ""
    for scalar in name.string.unicodeScalars {
      let part = Text(String(Character(scalar)))
      let isLegal = scalar.properties.numericType != nil && scalar.isASCII && !shown.isEmpty
      shown += isLegal || part.isLabelName || isMetric && scalar == ":" ? part.string : "_"
    }
    return shown
  }

  private static func escapedByValues(_ name: Text) -> String {
    var shown = "U__"
    for scalar in name.string.unicodeScalars {
      let isPlain = scalar.isASCII && Character(scalar).isLetter || ("0"..."9").contains(scalar)
      if scalar == "_" {
        shown += "__"
      } else {
        shown += isPlain ? String(Character(scalar)) : "_\(String(scalar.value, radix: 16))_"
      }
    }
    return shown
  }

  private static func quoted(_ text: Text) -> String {
    "\"\(PrometheusText.escaped(text.string))\""
  }
}
