import Language
import Model
import Query
import Store
import Synchronization

/// Judges alerts when commits have made buckets final, and again when events came late for buckets that were judged; those that
/// are judged early with each commit of their stream.
///
/// What was judged follows from the watermark as of a state of the log, so nothing is kept beside the log but how far the
/// scheduler has got as an observer of commits.
final class AlertWatch: Sendable {
  private let store: Store
  private let limits: QueryLimits
  private let positions = Mutex<[DefinitionKey: Position]>([:])

  /// How far an alert is judged.
  private struct Position {
    /// As of which event.
    var seq: UInt64
    /// Whether it is known what was judged as of then.
    var isPlaced = false
    /// Buckets before are of a time when there was no alert.
    var firstNs: Int64?
    /// The end of the last bucket; nil while the stream has no watermark.
    var judgedNs: Int64?
  }

  /// What an alert asks.
  private struct Subject {
    var judge: AlertJudge
    var stream: String
    var watermarkNs: Int64?
    var latenessNs: Int64

    /// The end of the last bucket that is final at a watermark.
    func finalNs(_ watermarkNs: Int64?) -> Int64? {
      watermarkNs.map { judge.buckets.start(of: $0.saturatingSubtracting(latenessNs)) }
    }
  }

  init(_ store: Store, limits: QueryLimits) { (self.store, self.limits) = (store, limits) }

  /// Judges all that can be judged now. Alerts that were not judged since the program began were judged up to event `seq`.
  /// Throws what may go well another time; what may not is noted in `_alerts`.
  func judge(after seq: UInt64) throws {
    let alerts = try store.definedAlerts()
    if alerts.isEmpty { return }
    // After the definitions: each is of a state that the snapshot has.
    let snapshot = try store.snapshot()
    let ledgers = try store.alertLedgers()
    var events: [AlertEvent] = []
    var failure: (any Error)?
    var judged: [DefinitionKey: Position] = [:]
    let known = positions.withLock { $0 }
    for alert in alerts {
      let key = DefinitionKey(alert.name, alert.version)
      do {
        judged[key] = try judge(alert, known[key], after: seq, snapshot, ledgers[key], &events)
      } catch {
        judged[key] = known[key]
        failure = error
      }
    }
    try store.record(events)
    positions.withLock { [judged] in $0 = judged }
    if let failure { throw failure }
  }

  /// Gives how far it is judged then, and adds what was found.
  private func judge(
    _ alert: AlertInfo, _ known: Position?, after seq: UInt64, _ snapshot: CatalogueSnapshot,
    _ ledger: AlertLedger?, _ events: inout [AlertEvent]
  ) throws -> Position {
    let key = DefinitionKey(alert.name, alert.version)
    var position = known ?? Position(seq: max(alert.seq, seq))
    var range: Range<Int64>?
    do {
      let subject = try subject(of: alert, snapshot)
      let isFirst = !position.isPlaced
      if isFirst {
        position.firstNs = subject.finalNs(try watermark(subject, asOf: alert.seq))
        position.judgedNs = subject.finalNs(try watermark(subject, asOf: position.seq))
        position.isPlaced = true
      }
      let earliestNs = try store.earliestTime(ofStream: subject.stream, after: position.seq)
        .map { subject.judge.buckets.start(of: $0) }
      position.seq = snapshot.lastSeq
      guard let finalNs = subject.finalNs(subject.watermarkNs),
        let judgedNs = position.judgedNs ?? earliestNs.map({ min($0, finalNs) })
      else { return position }
      let lowNs = max(min(judgedNs, earliestNs ?? .max), position.firstNs ?? .min)
      let highNs = max(finalNs, judgedNs)
      position.judgedNs = highNs
      let isOpen = alert.definition.isEarly && (isFirst || earliestNs != nil)
      guard lowNs < highNs || isOpen else { return position }
      let judged = lowNs..<max(lowNs, highNs)
      range = judged
      let answer = try answer(alert, subject.judge.query(judged, asOf: snapshot.lastSeq))
      events += subject.judge.events(
        subject.judge.rows(of: answer), judged, judgedNs: judgedNs, ledger,
        asOf: snapshot.lastSeq)
      if ledger?.failure != nil {
        var event = AlertEvent(key, .recovered)
        event.asOfSeq = snapshot.lastSeq
        events.append(event)
      }
    } catch  where Self.isLasting(error) {
      if ledger?.failure == nil {
        var event = AlertEvent(key, .failed)
        (event.failure, event.asOfSeq) = ("\(error)", snapshot.lastSeq)
        (event.bucketNs, event.untilNs) = (range?.lowerBound, range?.upperBound)
        events.append(event)
      }
      position.seq = snapshot.lastSeq
    }
    return position
  }

  private func subject(of alert: AlertInfo, _ snapshot: CatalogueSnapshot) throws -> Subject {
    guard let (stream, kpi) = alert.subject(in: snapshot) else {
      throw StatementError("there is no stream or KPI \(alert.definition.query.from.text)")
    }
    return Subject(
      judge: try AlertJudge(alert, zone: kpi?.timeZone), stream: stream.name,
      watermarkNs: stream.watermarkNs, latenessNs: kpi?.latenessNs ?? stream.latenessNs)
  }

  private func watermark(_ subject: Subject, asOf seq: UInt64) throws -> Int64? {
    try store.state(ofStream: subject.stream, asOf: seq).watermarkNs
  }

  private func answer(_ alert: AlertInfo, _ query: Select) throws -> Answer {
    // It names no now.
    var options = QueryOptions(nowNs: 0)
    options.limits = limits
    return try QueryEngine(store).run(Statement(.select(query)), of: alert.statement, options)
  }

  /// Whether it would fail again.
  static func isLasting(_ error: any Error) -> Bool {
    switch error {
    case is LanguageError, is StatementError, is QueryLimitError, is BucketLengthError,
      is UnknownZoneError, is any SnapshotGoneError:
      true
    default: false
    }
  }
}
