import Asking
import Bytes
import Language

/// A KPI that was named cannot answer: the place in the text, and what can be asked instead.
extension StatementRun {
  /// Runs `body`, which answers `select`.
  func placing<R>(_ select: Select, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let refusal as CannotAnswerError {
      let kpi = catalogue.kpis.first { $0.name == refusal.kpi && $0.version == refusal.version }
      throw error(
        select.span(of: refusal.subject, kpi), refusal.description,
        hint: kpi.map { Self.hint(refusal.subject, $0) })
    }
  }

  private static func hint(_ subject: CannotAnswerError.Subject, _ kpi: KpiInfo) -> String {
    let stream = "ask the stream \(Name(kpi.stream).canonicalText)"
    switch subject {
    case .aggregates(let path):
      if let path, kpi.items.contains(where: { $0.name == path }) {
        return "for the item of that name ask for \(FieldPath(path).canonicalText) alone; "
          + "for what is computed of the field \(stream)"
      }
      return "it has: \(kpi.items.map(\.name).joined(separator: ", ")); for anything else \(stream)"
    case .buckets: return "take buckets of \(kpi.every) or multiples of it, or \(stream)"
    case .filter, .whole: return stream
    }
  }
}

extension Select {
  /// Where a part of the question stands that the KPI has no answer to.
  fileprivate func span(of subject: CannotAnswerError.Subject, _ kpi: KpiInfo?) -> TextSpan {
    switch subject {
    case .whole: return from.span
    case .buckets: return every?.span ?? from.span
    case .filter(let path):
      let fields = filter?.fields ?? []
      let found = path.map { path in fields.filter { $0.path == path } } ?? fields
      return found.first?.span ?? from.span
    case .aggregates(let path):
      let expressions =
        listedItems.map(\.expression) + (having?.expressions ?? []) + orderBy.map(\.expression)
      let asked = expressions.flatMap(\.aggregates).filter { $0.argument?.path == path }
      let kept = kpi?.items.flatMap(\.expression.aggregates) ?? []
      return (asked.first { !kept.contains($0) } ?? asked.first)?.span ?? from.span
    }
  }
}
