import EventLog

extension Projections {
  /// All versions of the KPIs that there were after event `seq`, oldest first, those among them that have been dropped
  /// since. O(catalogue).
  public func list(asOf seq: UInt64) throws -> [ListedKpi] {
    try log.environment.read { transaction in
      let then = try KpiCatalogue(log.catalogueDocuments(transaction), asOf: seq)
      let now = try kpis(transaction)
      return then.definitions.map { definition in
        let live = now.first { $0.kpi.definition.id == definition.id }
        return ListedKpi(
          definition, live, isActive: then.active[definition.name] == definition.version)
      }
    }
  }
}
