import Foundation
import KafkaConnector
import Language
import Logging
import Query
import Store

/// A source that is fetched from by a command, and not by a server.
public enum ForegroundSource {
  /// Fetches into `store`, which is open for writing, until `isCancelled`, or with `untilEnd` to where the source ended when it
  /// was begun. What fails is tried again, as a server does; what somebody has to decide on is thrown, and with `untilEnd` what
  /// fails before it has worked. `progress` is told how it gets on, four times a second. Gives how that was in the end; what was
  /// fetched is durable then.
  ///
  /// Throws what is wrong with the options, ``SourceStopError`` and `ThreadError`.
  public static func run(
    _ definition: DefineSource, in store: Store, untilEnd: Bool,
    isCancelled: () -> Bool, progress: (FetchStatus) -> Void
  ) throws -> FetchStatus {
    guard definition.kind.value == SourceKind.kafka.name else {
      throw SourceOptionError("a command fetches from kafka only")
    }
    let statement = Statement(.defineSource(definition)).canonicalText
    let source = DefinedSource(
      name: definition.name.text, version: 0, seq: 0, definedNs: 0, definition: definition,
      statement: statement)
    let quiet = Logger(label: "nilo") { _ in SwiftLogNoOpLogHandler() }
    let context = SourceContext(store: store, clock: Store.wallClockNs, logger: quiet)
    var fetcher = try KafkaFetcher(source, context)
    fetcher.settings.endsAtEnd = untilEnd
    let run = SourceRun(source, clock: Store.wallClockNs, logger: quiet)
    try run.start { [fetcher] in EndingFetcher(fetcher: fetcher, endsAtEnd: untilEnd) }
    var (hasRun, hasFailed) = (false, false)
    while !run.hasToStop {
      let status = run.status
      progress(status)
      hasRun = hasRun || status.state == .running
      hasFailed = untilEnd && !hasRun && status.state == .waiting
      if isCancelled() || status.state == .stopped || hasFailed { break }
      run.wait(seconds: 0.25)
    }
    run.stop()
    run.join()
    let end = run.status
    if end.state == .stopped || hasFailed {
      throw SourceStopError(end.failure ?? "the source has stopped")
    }
    return end
  }
}

/// Says that all is done when its fetcher has come to the end.
private struct EndingFetcher: SourceFetcher {
  let fetcher: KafkaFetcher
  let endsAtEnd: Bool

  func fetch(_ run: SourceRun) throws {
    try fetcher.fetch(run)
    if endsAtEnd { run.stop() }
  }
}
