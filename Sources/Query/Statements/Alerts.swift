import Bytes
import Language
import Model

/// Statements about alerts.
extension StatementRun {
  /// Buckets in a row that a condition may have to hold for, at most.
  private static let maxBuckets = 10_000

  /// What can be said of an alert with a place in the text.
  func check(_ alert: DefineAlert) throws {
    if try store.alerts().contains(where: { $0.name == alert.name.text }) {
      throw error(
        alert.name.span, "there is an alert \(alert.name.text) already",
        hint: "DROP ALERT \(alert.name.canonicalText) first, or take another name")
    }
    if let count = alert.bucketCount, !(1...Self.maxBuckets).contains(count.value) {
      throw error(count.span, "a condition holds for 1 to \(Self.maxBuckets) buckets")
    }
    try checkUnattended(alert.query, timeZone: nil)
    guard alert.target.kind == "webhook" else {
      throw error(
        alert.target.span, "an alert tells a webhook, and not \(alert.target.kind)",
        hint:
          "write NOTIFY webhook('https://...') with the address of what sends it on; what it found is in the stream "
          + "_alerts in any case")
    }
    _ = try place(of: alert.target)
  }

  func defineAlert(_ alert: DefineAlert, _ span: TextSpan) throws -> Answer {
    try check(alert)
    try writableStore(span).defineAlert(alert)
    var answer = Answer(message: "alert \(alert.name.text) is defined")
    answer.meta.notes.append(
      alert.isEarly
        ? "buckets that are not final yet are judged, and again when they are, by nilo serve"
        : "buckets that become final from now on are judged, by nilo serve")
    noteRefusal(of: alert.target, in: &answer)
    return answer
  }

  func alert(_ name: Name) throws -> AlertInfo {
    try find("alert", name, in: store.alerts(), \.name)
  }

  func dropAlert(_ name: Name, _ span: TextSpan) throws -> Answer {
    let alert = try alert(name)
    try writableStore(span).dropAlert(alert.name)
    return Answer(message: "alert \(alert.name) is dropped; what it found stays in _alerts")
  }

  /// A row for each group that is pending or firing, and one for an alert that has none.
  func alerts(_ show: Show) throws -> Answer {
    var list = try PickedList(
      [
        "alert": .text, "version": .integer, "group": .text, "state": .text, "since": .time,
        "provisional": .boolean, "waiting_notices": .integer, "waiting_since": .time,
        "failure": .text, "target": .text, "statement": .text,
      ], show, self)
    for alert in try store.alerts() {
      for group in alert.groups.isEmpty ? [nil] : alert.groups.map(Optional.some) {
        try list.add(
          .text(alert.name), .integer(Int64(alert.version)),
          .text(optional: group.map { Text($0.labels) }),
          .text(group?.state.rawValue ?? alert.stateOfNone), .time(optional: group?.sinceNs),
          .bool(group?.isProvisional ?? false), .integer(Int64(alert.waitingNotices)),
          .time(optional: alert.waitingSinceNs),
          .text(optional: (alert.failure ?? alert.refusal).map { Text($0) }),
          .text(alert.definition.target.canonicalText), .text(alert.statement))
      }
    }
    return try list.answer()
  }
}
