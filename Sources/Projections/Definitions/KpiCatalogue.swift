import EventLog

/// The KPIs that documents of the catalogue define.
struct KpiCatalogue {
  /// All versions of those that are not dropped, oldest first.
  private(set) var definitions: [KpiDefinition] = []
  /// The version of each name that is asked when none is named.
  private(set) var active: [String: Int] = [:]

  /// As of event `seq`. O(documents).
  init(_ documents: [CatalogueDocument], asOf seq: UInt64 = .max) throws {
    for document in documents where document.seq <= seq {
      if let definition = try KpiDefinition(document) {
        definitions.append(definition)
        if active[definition.name] == nil { active[definition.name] = definition.version }
      } else if let (name, version) = KpiDefinition.switched(document) {
        active[name] = version
      } else if let name = KpiDefinition.dropped(document) {
        definitions.removeAll { $0.name == name }
        active[name] = nil
      }
    }
  }
}
