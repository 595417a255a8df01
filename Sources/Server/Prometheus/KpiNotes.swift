import Asking
import Bytes
import Model
import Query
import Synchronization

/// What an answer says beside its values: what is provisional, as warnings, and where the numbers come from.
final class KpiNotes: Sendable {
  private struct State {
    /// Warnings in the order in which they came, each once.
    var warnings: [String] = []
    var sources: [String: String] = [:]
    /// The first end of a provisional bucket of each KPI.
    var provisionalNs: [String: Int64] = [:]
  }

  private let state = Mutex(State())

  func warn(_ text: String) {
    state.withLock { state in
      if !state.warnings.contains(text) { state.warnings.append(text) }
    }
  }

  /// Takes note of rows of a KPI.
  func take(_ kpi: KpiInfo, _ result: AggregateResult, _ isFinal: [Bool], _ buckets: Buckets) {
    let firstOpen = isFinal.firstIndex(of: false).map { result.timesNs[$0] }
    let origin =
      switch result.plan.origin {
      case .cells: "cells"
      case .columns: "events, as its cells are not complete"
      case .cellsAndColumns: "cells and events"
      }
    state.withLock { state in
      state.sources[kpi.name] =
        "KPI \(kpi.name) version \(kpi.version), from \(origin), as of event \(result.asOfSeq)"
      if let firstOpen {
        let endNs = buckets.end(ofBucketStarting: firstOpen)
        state.provisionalNs[kpi.name] = min(state.provisionalNs[kpi.name] ?? .max, endNs)
      }
    }
    if result.overflows.contains(where: { $0 > 0 }) {
      warn("KPI \(kpi.name): values beyond the range of numbers, some 1.8e308, are left out")
    }
  }

  var warnings: [String] {
    state.withLock { state in
      state.warnings
        + state.provisionalNs.sorted { $0.key < $1.key }.map { name, ns in
          "KPI \(name): values from \(Timestamp(ns: ns)) on are provisional: events for them may still come"
        }
    }
  }

  var infos: [String] {
    state.withLock { state in state.sources.sorted { $0.key < $1.key }.map(\.value) }
  }
}
