import Bytes
import EventLog
import Language
import Model

/// A definition, ready to fold blocks.
struct CompiledKpi: Sendable {
  private(set) var definition: KpiDefinition
  /// The lateness that was recorded; that of ``definition`` is the stream's where that is more.
  private let recordedLatenessNs: Int64
  var plan: FoldPlan
  private(set) var buckets: Buckets
  /// Paths of the dimensions.
  let dimensions: [Text]
  let panesPerWindow: Int
  /// Which facts count; nil for all.
  let filter: FactFilter?
  /// The same for each measure of the plan that it was made with.
  let measureFilters: [FactFilter?]
  /// What tells series apart: the stream's key.
  private(set) var seriesPath: Text?
  /// The columns that it is computed from.
  private(set) var paths: Set<Text>
  /// The same for KPIs whose buckets are the same.
  private(set) var bucketName: String

  init(_ definition: KpiDefinition, _ stream: StreamDefinition) throws {
    self.definition = definition
    recordedLatenessNs = definition.latenessNs
    self.definition.latenessNs = max(definition.latenessNs, stream.latenessNs)
    seriesPath = stream.keyPath.map { Text($0) }
    bucketName = "\(definition.every) \(definition.timeZone)"
    let plan = try FoldPlan(definition)
    self.plan = plan
    filter = try definition.filter.map { try FactFilter($0) }
    measureFilters = try plan.measures.map { try $0.filter.map { try FactFilter($0) } }
    var paths = Set(definition.fields.map(\.path))
    if plan.hasSeries, let key = stream.keyPath { paths.insert(Text(key)) }
    self.paths = paths
    buckets = Buckets(
      length: definition.every, zone: try ZoneRules(named: definition.timeZone))
    dimensions = definition.groupBy.map(\.path.path)
    panesPerWindow = try definition.panesPerWindow
  }

  /// Makes one bucket of all facts of that time.
  mutating func makeWhole(_ range: Range<Int64>) {
    buckets = Buckets(whole: range)
    bucketName = "\(range)"
  }

  /// The same for the stream as it is now: by its key series are told apart, and its lateness is the least of the KPI. Nil
  /// when that makes no difference to cells.
  func following(_ stream: StreamDefinition) -> CompiledKpi? {
    let path = stream.keyPath.map { Text($0) }
    let hasOtherSeries = plan.hasSeries && path != seriesPath
    let latenessNs = max(recordedLatenessNs, stream.latenessNs)
    guard hasOtherSeries || definition.latenessNs != latenessNs else { return nil }
    var kpi = self
    kpi.definition.latenessNs = latenessNs
    kpi.seriesPath = path
    kpi.paths = Set(definition.fields.map(\.path))
    if let path { kpi.paths.insert(path) }
    return kpi
  }

  /// The same under its sequence number.
  func with(id: UInt64) -> CompiledKpi {
    var kpi = self
    kpi.definition.id = id
    return kpi
  }

  /// Whether the watermark has passed the end of the bucket by the KPI's lateness.
  func isFinal(_ bucketNs: Int64, _ watermarkNs: Int64?) -> Bool {
    guard let watermarkNs else { return false }
    let (due, overflow) = buckets.end(ofBucketStarting: bucketNs)
      .addingReportingOverflow(definition.latenessNs)
    return !overflow && watermarkNs >= due
  }
}
