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

  init(_ definition: KpiDefinition) throws {
    self.definition = definition
    plan = try FoldPlan(definition)
    buckets = Buckets(
      length: definition.every, zone: try ZoneRules(named: definition.timeZone))
    dimensions = definition.groupBy.map(\.path)
    panesPerWindow = try definition.panesPerWindow
  }
}
