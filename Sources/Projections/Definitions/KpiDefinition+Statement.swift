import Bytes
import Language

extension KpiDefinition {
  /// The statement that makes it again, with the verb DEFINE or REDEFINE, and with what its columns mean.
  public func statement(
    _ verb: String = "DEFINE", _ meanings: [Text: ColumnMeaning] = [:]
  ) -> String {
    let items = items.map { item in
      item.canonicalText + (meanings[item.name].map { " \($0.canonicalText)" } ?? "")
    }
    var text = "\(verb) KPI \(Name(name).canonicalText) AS \(items.joined(separator: ", "))"
    text += " FROM \(Name(stream).canonicalText)"
    if let filter { text += " WHERE \(filter.canonicalText)" }
    if !groupBy.isEmpty { text += " GROUP BY \(groupText)" }
    text += " EVERY \(every)"
    if let rolling { text += " ROLLING \(rolling)" }
    if timeZone != "UTC" { text += " TIME ZONE \(Literal.string(Text(timeZone)).canonicalText)" }
    return text + latenessText
  }

  /// The language has whole seconds; a comment says what is between them.
  private var latenessText: String {
    let (seconds, rest) = latenessNs.quotientAndRemainder(dividingBy: 1_000_000_000)
    if seconds == 0 && rest == 0 { return "" }
    if rest == 0 { return " LATENESS \(TimeLength.text(ns: latenessNs))" }
    return " LATENESS \(seconds + 1)s /* it is \(Double(latenessNs) / 1e9) s */"
  }
}
