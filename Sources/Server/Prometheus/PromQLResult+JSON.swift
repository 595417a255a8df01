import Bytes
import PromQL

/// Answers as Prometheus writes them: times in seconds, values as texts.
extension PromQLResult {
  var seriesCount: Int {
    switch self {
    case .scalar, .text: 1
    case .vector(let series): series.count
    case .range(let series): series.count
    }
  }

  /// Of one time, `limit` series at most.
  func instantJSON(atMs timeMs: Int64, limit: Int?) -> [UInt8] {
    switch self {
    case .scalar(let values): return Self.result("scalar", Self.point(timeMs, values[0]))
    case .text(let text):
      var value = Array("[\(PromQLTime.text(timeMs)),".utf8)
      value.append(jsonString: text.string)
      return Self.result("string", value + [UInt8(ascii: "]")])
    case .vector(let series):
      let entries = series.prefix(limit ?? .max).map { one in
        jsonObject {
          $0.field("metric", json: one.labels.json)
          $0.field("value", json: Self.point(timeMs, (one.values.first ?? nil) ?? .nan))
        }
      }
      return Self.result("vector", entries.jsonArray)
    case .range(let series):
      let entries = series.prefix(limit ?? .max).map { one in
        Self.series(one.labels, zip(one.timesMs, one.values).map { Self.point($0, $1) })
      }
      return Self.result("matrix", entries.jsonArray)
    }
  }

  /// Of many times; a scalar is a series without labels.
  func rangeJSON(_ grid: TimeGrid, limit: Int?) -> [UInt8] {
    let series: [VectorSeries]
    switch self {
    case .scalar(let values): series = [VectorSeries(labels: Labels(), values: values)]
    case .vector(let found): series = found.sorted { $0.labels < $1.labels }
    case .text, .range: series = []
    }
    let entries = series.prefix(limit ?? .max).map { one in
      let points = one.values.enumerated().compactMap { index, value in
        value.map { Self.point(grid[index], $0) }
      }
      return Self.series(one.labels, points)
    }
    return Self.result("matrix", entries.jsonArray)
  }

  private static func result(_ type: String, _ values: [UInt8]) -> [UInt8] {
    jsonObject {
      $0.field("resultType", type)
      $0.field("result", json: values)
    }
  }

  private static func series(_ labels: Labels, _ points: [[UInt8]]) -> [UInt8] {
    jsonObject {
      $0.field("metric", json: labels.json)
      $0.field("values", array: points)
    }
  }

  private static func point(_ timeMs: Int64, _ value: Double) -> [UInt8] {
    Array("[\(PromQLTime.text(timeMs)),\"\(PromQLNumber.text(value))\"]".utf8)
  }
}

extension Labels {
  /// As an object.
  var json: [UInt8] {
    jsonObject { writer in
      for pair in pairs { writer.field(pair.name.string, pair.value.string) }
    }
  }
}
