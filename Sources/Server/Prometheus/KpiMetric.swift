import Bytes
import Language
import Model
import PromQL
import Query

/// A column of a KPI as a metric: `kpi_column`, with the KPI's groups as labels.
struct KpiMetric: Sendable {
  let kpi: KpiInfo
  let item: Item

  /// Of a column of numbers; nil for one of lists.
  init?(_ kpi: KpiInfo, _ item: Item) {
    if item.expression.aggregates.contains(where: \.isOfLists) { return nil }
    (self.kpi, self.item) = (kpi, item)
  }

  var name: Text { Text("\(kpi.name)_\(item.name)") }

  /// What it is, for people.
  var help: String {
    let groups = kpi.groupBy.isEmpty ? "" : ", by \(kpi.groupBy.joined(separator: ", "))"
    let rolling = kpi.rolling.map { ", over \($0)" } ?? ""
    return
      "\(item.expression.canonicalText) of \(kpi.stream), every \(kpi.every)\(rolling)\(groups)"
  }

  /// What it is counted in; nil where nobody said it.
  var unit: String? { kpi.meanings[item.name]?.unit?.value }

  /// Whether averages of its values, over time or over groups, would be averages of averages.
  func isAverage(_ path: AveragePath) -> Bool { item.expression.isAverage(path) }

  /// The metrics of the active KPIs that whoever asks may see, by KPI and column.
  static func all(_ snapshot: CatalogueSnapshot, for principal: Principal) -> [KpiMetric] {
    snapshot.kpis.filter { $0.isActive && principal.mayAsk(stream: $0.stream) }
      .sorted { Text($0.name) < Text($1.name) }
      .flatMap { kpi in kpi.items.compactMap { KpiMetric(kpi, $0) } }
  }
}

extension Aggregate {
  fileprivate var isOfLists: Bool { if case .top = function { true } else { false } }

  fileprivate func isAverage(_ path: AveragePath) -> Bool {
    switch function {
    case .avg, .stddev, .variance, .percentile, .timeAverage: true
    // The rates of several series are added.
    case .rate: path == .time
    case .count, .sum, .min, .max, .distinct, .top, .first, .last, .delta, .increase: false
    }
  }
}

extension Expression {
  /// The aggregates in it, in the order of the text. Items of KPIs have no other leaves but numbers.
  var aggregates: [Aggregate] {
    switch self {
    case .aggregate(let aggregate): [aggregate]
    case .negate(let operand): operand.aggregates
    case .binary(_, let left, let right): left.aggregates + right.aggregates
    default: []
    }
  }

  /// An average of sums is one of numbers, and so is one of their sums; of shares and products it is not.
  fileprivate func isAverage(_ path: AveragePath) -> Bool {
    switch self {
    case .aggregate(let aggregate): return aggregate.isAverage(path)
    case .negate(let operand): return operand.isAverage(path)
    case .binary(let operation, let left, let right):
      if left.isAverage(path) || right.isAverage(path) { return true }
      switch operation {
      case .add, .subtract: return false
      case .multiply: return !left.aggregates.isEmpty && !right.aggregates.isEmpty
      case .divide: return !right.aggregates.isEmpty
      }
    default: return false
    }
  }

  /// Its value, where `next` gives those of its aggregates in the order of the text; nil where one is NULL, or something
  /// is divided by zero.
  func value(_ next: () -> Double?) -> Double? {
    switch self {
    case .number(let value): return value
    case .integer(let value): return Double(value)
    case .aggregate: return next()
    case .negate(let operand): return operand.value(next).map { -$0 }
    case .binary(let operation, let left, let right):
      let operands = (left.value(next), right.value(next))
      guard case (let left?, let right?) = operands else { return nil }
      switch operation {
      case .add: return left + right
      case .subtract: return left - right
      case .multiply: return left * right
      case .divide: return right == 0 ? nil : left / right
      }
    default: return nil
    }
  }
}
