import Bytes
import Model

extension KpiDefinition {
  /// The catalogue's record that the KPI of that name is no more.
  static func dropDocument(_ name: String, receivedNs: Int64) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: receivedNs).description)
    json.field("change", "drop_kpi")
    json.field("name", name)
    return json.finish()
  }
}
