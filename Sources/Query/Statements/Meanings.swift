import Bytes
import Language

/// What the columns of KPIs mean.
extension StatementRun {
  /// Gives the alteration with the column that it is of.
  func check(_ alteration: AlterKpi) throws -> AlterKpi {
    let kpi = try kpi(alteration.name)
    for part in alteration.absent where alteration.meaning.says(part) {
      throw error(
        alteration.name.span, "\(part.rawValue) and NO \(part.rawValue) cannot stand together")
    }
    var named = alteration
    guard let column = alteration.column else {
      named.column = kpi.items.first.map { Name($0.name.string) }
      return named
    }
    // Those of other versions as well: one that is about to be the active one is told of before.
    var columns: [Text] = []
    for item in catalogue.kpis.filter({ $0.name == kpi.name }).flatMap(\.items)
    where !columns.contains(item.name) {
      columns.append(item.name)
    }
    if columns.contains(Text(column.text)) { return named }
    if kpi.groupBy.contains(Text(column.text)) {
      throw error(
        column.span, "\(column.text) is what KPI \(kpi.name) is grouped by",
        hint: "units and targets are of numbers: \(columns.map(\.string).joined(separator: ", "))")
    }
    let nearest = Spelling.nearest(column.text, columns.map(\.string))
    throw error(
      column.span, "KPI \(kpi.name) has no column \(column.text)",
      hint: nearest.map { "did you mean \($0)?" }
        ?? "it has: \(columns.map(\.string).joined(separator: ", "))")
  }

  func alterKpi(_ alteration: AlterKpi, _ span: TextSpan) throws -> Answer {
    let named = try check(alteration)
    try writableStore(span).alterKpi(named)
    let column = named.column?.text ?? ""
    let meaning = try store.snapshot().kpis.lazy.filter { $0.name == named.name.text }
      .compactMap { $0.meanings[Text(column)] }.first?.canonicalText
    return Answer(
      message: "column \(column) of KPI \(named.name.text): \(meaning ?? "no unit, no target")")
  }
}

extension ColumnMeaning {
  fileprivate func says(_ part: AlterKpi.Part) -> Bool {
    switch part {
    case .unit: unit != nil
    case .target: target != nil
    case .better: better != nil
    }
  }
}
