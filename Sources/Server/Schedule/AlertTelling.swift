import Foundation
import Language
import Logging
import Model
import Query
import Store

/// Tells what was found of alerts: the event as it is in `_alerts`, until somebody has said that he has it.
struct AlertTelling: Sendable {
  let store: Store
  let webhooks: Webhooks
  let clock: @Sendable () -> Int64
  /// It is given up when the event is so old.
  let retryNs: Int64

  /// The delivery of an event that was not told yet. Attempts go on counting where those of before the server started have
  /// ended.
  func delivery(of news: AlertLedger.Untold, _ alert: AlertInfo, _ logger: Logger) -> Delivery {
    Delivery(id: news.id, owner: alert.owner, isRemote: true) { attempts, isCancelled in
      var told = AlertEvent(DefinitionKey(alert.name, alert.version), .notified)
      (told.told, told.attempts) = (news.id, news.attempts + attempts + 1)
      guard let event = try store.event(news.seq)?.event else {
        throw OutputFailure("event \(news.seq) of _alerts is not there")
      }
      do {
        guard case .webhook(let options) = try Target(alert.definition.target) else {
          throw OutputRefusal("an alert tells a webhook")
        }
        try webhooks.send(
          event.bytes, id: "\(alert.name)/\(alert.version)/\(news.seq)", to: options,
          isCancelled: isCancelled)
      } catch let error as CancellationError {
        throw error
      } catch {
        let isOld = clock().saturatingSubtracting(event.receivedNs) >= retryNs
        guard error is OutputRefusal || error is LanguageError.Issue || isOld else {
          (told.kind, told.failure) = (.refused, "\(error)")
          try store.record([told])
          return .failed("\(error)")
        }
        (told.kind, told.failure) = (.unheard, "\(error)")
        logger.warning("alert \(alert.name) was not told: \(error)")
      }
      try store.record([told])
      return .ended
    }
  }

  /// Ends what is to be told of alerts that were dropped. `left` are the deliveries that run.
  func endOrphans(
    _ ledgers: [DefinitionKey: AlertLedger], _ defined: Set<DefinitionKey>, _ left: Set<String>
  ) throws {
    var events: [AlertEvent] = []
    for (key, ledger) in ledgers where !defined.contains(key) {
      for news in ledger.untold where !left.contains(news.id) {
        var event = AlertEvent(key, .unheard)
        (event.told, event.failure) = (news.id, "the alert was dropped before it was told")
        events.append(event)
      }
    }
    try store.record(events)
  }
}
