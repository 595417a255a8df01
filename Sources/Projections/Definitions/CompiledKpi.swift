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

  init(_ definition: KpiDefinition) throws {
    self.definition = definition
    let plan = try FoldPlan(definition)
    self.plan = plan
    items = try definition.items.map { try ItemProgram($0.expression, plan) }
    buckets = Buckets(
      length: definition.every, zone: try ZoneRules(named: definition.timeZone))
    dimensions = definition.groupBy.map(\.path)
    panesPerWindow = try definition.panesPerWindow
  }
}
