import Language
import Query

/// What a statement may tell of: one name, and through it the streams behind it.
///
/// Versions of a KPI may be over different streams, and one that was dropped may have been over another than the one that has
/// its name now. So a question is judged by the version that it asks, and what tells of other versions or of earlier states by
/// all streams that the name ever led to.
extension ServerContext {
  /// Throws a ``Problem`` of kind `forbidden` unless whoever asks may ask for what `statement` is about: a token for some
  /// streams asks these, and KPIs over them, by name. O(catalogue), and nothing for other tokens.
  func require(_ statement: Statement, _ store: some Queryable) throws {
    if principal.streams == nil { return }
    guard let asked = statement.asked else {
      throw Problem(
        .forbidden,
        "the token is for some streams only: with it one asks these, and KPIs over them, by name, and changes nothing"
      )
    }
    let streams = try asked.isOfNow ? store.streams(of: asked) : store.streamsEver(of: asked.name)
    // Of another name it could be a schedule or an alert that is described, whatever it asks and whomever it tells.
    let isPermitted =
      streams.isEmpty
      ? principal.mayAsk(stream: asked.name) && !statement.isDescription
      : streams.allSatisfy { principal.mayAsk(stream: $0) }
    if isPermitted { return }
    let isOfOne = streams.count == 1 || !streams.contains { principal.mayAsk(stream: $0) }
    throw Problem(
      .forbidden,
      isOfOne
        ? "the token is not for \(asked.name)"
        : "the token is not for all streams that \(asked.name) is or was computed from")
  }

  /// Whether whoever asks may ask for all that a name ever led to. O(catalogue), and nothing for tokens that may ask for all.
  func mayAsk(everOf name: String, _ store: some Queryable) throws -> Bool {
    if principal.streams == nil { return true }
    return try store.streamsEver(of: name).allSatisfy { principal.mayAsk(stream: $0) }
  }
}

/// The stream or KPI that a statement asks.
private struct AskedName {
  var name: String
  /// The version that is named; nil for the active one.
  var version: Int?
  /// Whether it asks that version alone, as it is now.
  var isOfNow = false
}

extension Queryable {
  /// What a name leads to now: the stream of that name, or of the KPI's version. None where there is nothing.
  fileprivate func streams(of asked: AskedName) throws -> Set<String> {
    let catalogue = try snapshot()
    if catalogue.streams.contains(where: { $0.name == asked.name }) { return [asked.name] }
    let kpi = catalogue.kpis.first {
      $0.name == asked.name && (asked.version == nil ? $0.isActive : $0.version == asked.version)
    }
    return kpi.map { [$0.stream] } ?? []
  }

  /// What it led to at any time.
  fileprivate func streamsEver(of name: String) throws -> Set<String> {
    let catalogue = try snapshot()
    var streams = Set(catalogue.kpis.lazy.filter { $0.name == name }.map(\.stream))
    if catalogue.streams.contains(where: { $0.name == name }) { streams.insert(name) }
    for change in try history() where change.name == name {
      for statement in try Parser.statements(change.statement) {
        switch statement.body {
        case .defineKpi(let kpi), .redefineKpi(let kpi): streams.insert(kpi.from.text)
        case .defineStream(let stream): streams.insert(stream.name.text)
        default: break
        }
      }
    }
    return streams
  }
}

extension Statement {
  /// Whether it says what its name is of.
  fileprivate var isDescription: Bool {
    switch body {
    case .describe: true
    case .show(let show): show.subject == .create
    default: false
    }
  }

  /// The one stream or KPI that it asks; nil where it asks none or all, or changes what there is.
  fileprivate var asked: AskedName? {
    switch body {
    case .select(let select), .explain(_, let select), .eventsFor(let select):
      AskedName(
        name: select.from.text, version: select.version?.value, isOfNow: select.asOf == nil)
    case .explainChange(let select, _, _), .prove(let select, _): AskedName(name: select.from.text)
    case .compareKpi(let comparison): AskedName(name: comparison.name.text)
    case .show(let show): show.from.map { AskedName(name: $0.text) }
    case .describe(let name): AskedName(name: name.text)
    default: nil
    }
  }
}
