import Bytes
import Foundation
import Hummingbird
import Model
import Query
import Store

/// Alerts of the store as Prometheus lists them: `/api/v1/rules` and `/api/v1/alerts`.
struct PrometheusRules: Sendable {
  let store: Store
  let pool: BlockingPool

  /// `rules`: all alerts as one group; there are no rules that record.
  func rules(_ request: Request, _ context: ServerContext) async throws -> Response {
    let type = request.queryParameter("type")
    guard type == nil || type == "alert" || type == "record" else {
      throw PrometheusRequest.invalid("type", "\(type ?? "") is neither alert nor record")
    }
    let alerts = type == "record" ? [] : try await alerts(context)
    let group = jsonObject { writer in
      writer.field("name", "alerts")
      writer.field("file", "")
      writer.field("interval", Int64(0))
      writer.field("rules", array: alerts.map(\.ruleJSON))
    }
    return .prometheus(jsonObject { $0.field("groups", array: alerts.isEmpty ? [] : [group]) })
  }

  /// `alerts`: the groups that are pending or firing.
  func alerts(_ request: Request, _ context: ServerContext) async throws -> Response {
    let alerts = try await alerts(context)
    return .prometheus(
      jsonObject { $0.field("alerts", array: alerts.flatMap(\.prometheusJSON)) })
  }

  private func alerts(_ context: ServerContext) async throws -> [AlertInfo] {
    let (snapshot, alerts) = try await pool.run { [store] in
      (try store.snapshot(), try store.alerts())
    }
    return alerts.filter { context.mayAsk($0.definition.query.from.text, snapshot) }
  }
}

extension AlertInfo {
  /// Those of its groups that are pending or firing, in the form of Prometheus.
  fileprivate var prometheusJSON: [[UInt8]] {
    groups.filter { $0.state != .resolved }.map { group in
      jsonObject { writer in
        writer.field("labels", json: labels(of: group))
        writer.field("annotations", json: Array("{}".utf8))
        writer.field("state", group.state.rawValue)
        writer.field("activeAt", timeNs: group.sinceNs)
        // What an expression that holds comes to.
        writer.field("value", "1e+00")
      }
    }
  }

  fileprivate var ruleJSON: [UInt8] {
    let states = groups.map(\.state)
    let state =
      states.contains(.firing) ? "firing" : states.contains(.pending) ? "pending" : "inactive"
    return jsonObject { writer in
      writer.field("type", "alerting")
      writer.field("name", name)
      writer.field("query", statement)
      writer.field("duration", Int64(0))
      writer.field("labels", json: Array("{}".utf8))
      writer.field("annotations", json: Array("{}".utf8))
      writer.field("state", state)
      writer.field("alerts", array: prometheusJSON)
      writer.field("health", failure == nil ? "ok" : "err")
      if let failure { writer.field("lastError", failure) }
      writer.field("evaluationTime", Int64(0))
      writer.field("lastEvaluation", timeNs: definedNs)
    }
  }

  /// The group's labels, and the alert's name beside them.
  private func labels(of group: Group) -> [UInt8] {
    let values = try? JSONDecoder().decode([String: String?].self, from: Data(group.labels.utf8))
    return jsonObject { writer in
      writer.field("alertname", name)
      for (label, value) in (values ?? [:]).sorted(by: { $0.key < $1.key }) {
        if let value { writer.field(label, value) }
      }
    }
  }
}
