import Bytes
import Language

/// What is understood of InfluxQL: what clients ask before they write, what shells and Grafana look around by, and
/// aggregates.
enum InfluxQLStatement {
  case createDatabase(String)
  case showDatabases
  case showRetentionPolicies
  case showMeasurements(InfluxQLNames)
  case showTagKeys(from: String?)
  case showFieldKeys(from: String?)
  /// The values of some tags.
  case showTagValues(from: String?, keys: InfluxQLNames, where: InfluxQLCondition)
  case select(InfluxQLSelect)
  /// What is not understood, and why.
  case refused(String)

  /// The statements of a text, which semicolons part. `nowNs` is what `now()` is. O(bytes).
  static func all(_ text: String, nowNs: Int64) -> [InfluxQLStatement] {
    InfluxQLToken.all(text).split { $0.isSymbol(";") }.map { tokens in
      var reader = InfluxQLReader(Array(tokens), nowNs: nowNs)
      do throws(InfluxQLError) { return try reader.statement() } catch {
        return .refused(error.description)
      }
    }
  }
}

/// A statement of InfluxQL is not answered.
struct InfluxQLError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// Names that are asked for.
enum InfluxQLNames {
  case all
  case some([String])
  case like(Text, isNegated: Bool)
}

/// Which points are meant: a condition on tags and fields, and a stretch of time.
struct InfluxQLCondition {
  var predicate: Predicate?
  /// Half-open.
  var sinceNs: Int64?
  var untilNs: Int64?

  /// What both take.
  func and(_ other: InfluxQLCondition) -> InfluxQLCondition {
    var both = self
    both.predicate = [predicate, other.predicate].compactMap(\.self).reduce(nil) { all, one in
      all.map { .and($0, one) } ?? one
    }
    both.sinceNs = [sinceNs, other.sinceNs].compactMap(\.self).max()
    both.untilNs = [untilNs, other.untilNs].compactMap(\.self).min()
    return both
  }

  /// Whether it says something of time.
  var hasTime: Bool { sinceNs != nil || untilNs != nil }
}

/// `SELECT mean(usage) FROM cpu WHERE time > now() - 1h GROUP BY time(1m), host fill(null)`.
struct InfluxQLSelect {
  /// What stands in buckets without points.
  enum Fill: Equatable {
    case null, none, previous, linear
    case number(Double)
  }

  /// A column of the answer.
  struct Column {
    var name: String
    var expression: Expression
    /// The field that it is of.
    var field: String
    var isCount: Bool
  }

  var columns: [Column] = []
  var measurement: String
  var condition = InfluxQLCondition()
  /// The buckets; nil for one of the whole time.
  var every: TimeLength?
  var tags: [String] = []
  /// Nil where nothing was said: NULL.
  var fill: Fill?
  var isDescending = false
  /// Rows of each series; nil for all.
  var limit: Int?
  var timeZone: String?

  init(measurement: String) { self.measurement = measurement }
}
