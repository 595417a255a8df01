import Bytes
import EventLog
import Model

/// What the catalogue records of KPIs beside their definitions.
extension KpiDefinition {
  /// How a definition comes into the catalogue.
  enum Change: String {
    /// As the active version of a name that is not taken.
    case define = "define_kpi"
    /// As another version beside the active one.
    case redefine = "redefine_kpi"

    var verb: String { self == .define ? "DEFINE" : "REDEFINE" }

    init?(_ document: CatalogueDocument) {
      guard let change = document["change"].flatMap(Change.init) else { return nil }
      self = change
    }
  }

  /// The record that the KPI of that name is no more.
  static func dropDocument(_ name: String, receivedNs: Int64) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: receivedNs).description)
    json.field("change", "drop_kpi")
    json.field("name", name)
    return json.finish()
  }

  /// The name in what `dropDocument` wrote; nil when it is something else.
  static func dropped(_ document: CatalogueDocument) -> String? {
    document["change"] == "drop_kpi" ? document["name"] : nil
  }

  /// The record that the cells of a KPI were computed anew, those of the buckets that start within `rangeNs`;
  /// `Int64.min` and `.max` for no bound.
  static func rebuildDocument(
    _ name: String, _ rangeNs: Range<Int64>, receivedNs: Int64
  ) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: receivedNs).description)
    json.field("change", "rebuild_kpi")
    json.field("name", name)
    if rangeNs.lowerBound > .min {
      json.field("since", Timestamp(ns: rangeNs.lowerBound).description)
    }
    if rangeNs.upperBound < .max {
      json.field("until", Timestamp(ns: rangeNs.upperBound).description)
    }
    return json.finish()
  }

  /// The record that a version of a KPI is the active one.
  static func switchDocument(_ name: String, version: Int, receivedNs: Int64) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: receivedNs).description)
    json.field("change", "switch_kpi")
    json.field("name", name)
    json.field("version", Int64(version))
    return json.finish()
  }

  /// What `switchDocument` wrote; nil when it is something else.
  static func switched(_ document: CatalogueDocument) -> (name: String, version: Int)? {
    guard document["change"] == "switch_kpi", let name = document["name"],
      let version = document["version"].flatMap({ Int($0) })
    else { return nil }
    return (name, version)
  }
}
