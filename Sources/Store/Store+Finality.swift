import Model
import Query

/// What sinks and seals look at before they ask for rows.
extension Store {
  /// Whether a bucket of a KPI has become final since event `seq`, or one that is has other facts. O(blocks since).
  package func hasFinalNews(_ kpi: KpiInfo, of stream: StreamInfo, after seq: UInt64) throws -> Bool
  {
    let buckets = Buckets(length: kpi.every, zone: try ZoneRules(named: kpi.timeZone))
    func finalNs(_ watermarkNs: Int64?) -> Int64? {
      watermarkNs.map { buckets.start(of: $0.saturatingSubtracting(kpi.latenessNs)) }
    }
    guard let nowNs = finalNs(stream.watermarkNs) else { return false }
    let thenNs = finalNs(try state(ofStream: stream.name, asOf: seq).watermarkNs)
    if thenNs != nowNs { return true }
    let earliestNs = try earliestTime(ofStream: stream.name, after: seq)
    return earliestNs.map { $0 < nowNs } ?? false
  }
}
