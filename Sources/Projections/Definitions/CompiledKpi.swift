import EventLog
import Language
import Model

/// A definition, ready to fold blocks.
struct CompiledKpi: Sendable {
  let definition: KpiDefinition
  let plan: FoldPlan
  let buckets: Buckets
  /// Paths of the dimensions.
  let dimensions: [String]
  let panesPerWindow: Int
  let items: [ItemProgram]
  /// What tells series apart: the stream's key.
  let seriesPath: String?
  /// The same for KPIs whose buckets are the same.
  let bucketName: String

  init(_ definition: KpiDefinition, _ stream: StreamDefinition) throws {
    self.definition = definition
    seriesPath = stream.keyPath
    bucketName = "\(definition.every) \(definition.timeZone)"
    let plan = try FoldPlan(definition)
    self.plan = plan
    items = try definition.items.map { try ItemProgram($0.expression, plan) }
    buckets = Buckets(
      length: definition.every, zone: try ZoneRules(named: definition.timeZone))
    dimensions = definition.groupBy.map(\.path)
    panesPerWindow = try definition.panesPerWindow
  }
}
