import Bytes
import EventLog
import Language

/// What documents of the catalogue say that the columns of KPIs mean: what DEFINE KPI and REDEFINE KPI said, and ALTER KPI
/// since.
struct KpiMeanings {
  /// By the names of KPIs and of their columns. All versions of a KPI share them.
  private(set) var columns: [String: [Text: ColumnMeaning]] = [:]

  /// Throws `LanguageError` when a statement that was recorded cannot be read. O(documents).
  init(_ documents: [CatalogueDocument], asOf seq: UInt64 = .max) throws {
    for document in documents where document.seq <= seq {
      guard let change = document["change"], let name = document["name"] else { continue }
      switch change {
      case "define_kpi", "drop_kpi": columns[name] = nil
      case "redefine_kpi", Self.alteration: break
      default: continue
      }
      guard let text = document["statement"], let body = try Parser.statements(text).first?.body
      else { continue }
      switch body {
      case .defineKpi(let kpi), .redefineKpi(let kpi):
        for (column, meaning) in kpi.meaningsByColumn {
          columns[name, default: [:]][column, default: ColumnMeaning()].add(meaning)
        }
      case .alterKpi(let alteration):
        guard let column = alteration.column else { continue }
        alteration.apply(
          to: &columns[name, default: [:]][Text(column.text), default: ColumnMeaning()])
      default: break
      }
    }
    for (name, meanings) in columns {
      columns[name] = meanings.filter { !$0.value.isEmpty }
    }
  }

  /// What the catalogue calls ``AlterKpi``.
  static let alteration = "alter_kpi"
}

extension DefineKpi {
  /// By the names of its columns.
  var meaningsByColumn: [Text: ColumnMeaning] {
    Dictionary(meanings.map { (items[$0.key].name, $0.value) }) { first, _ in first }
  }
}

extension Store {
  /// What columns of KPIs mean now.
  func kpiMeanings() throws -> KpiMeanings {
    try knownMeanings.value(log.catalogueDocuments()) { try KpiMeanings($0) }
  }

  /// Takes note of what a column means from now on. Throws ``KpiStatementError`` when there is no such KPI, or the statement
  /// does not name the column.
  public func alterKpi(_ alteration: AlterKpi) throws {
    guard alteration.column != nil else {
      throw KpiStatementError("ALTER KPI \(alteration.name.text) has to name the COLUMN here")
    }
    let name = alteration.name.text
    try definingAutomation.withLock {
      guard try projections.list().contains(where: { $0.definition.name == name }) else {
        throw KpiStatementError("there is no KPI \(name)")
      }
      try recordStatement(KpiMeanings.alteration, name, nil, .alterKpi(alteration))
    }
  }
}
