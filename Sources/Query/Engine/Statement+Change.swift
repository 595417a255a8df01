import Language

extension Statement {
  /// Whether it changes the store, and so needs to be its only writer.
  public var isChange: Bool {
    switch body {
    case .defineStream, .alterStream, .dropStream, .defineKpi, .redefineKpi, .alterKpi, .switchKpi,
      .dropKpi,
      .rebuildKpi, .backfill, .defineSchedule, .dropSchedule, .defineAlert, .dropAlert,
      .defineSource, .dropSource, .pauseSource, .resumeSource, .defineSink, .dropSink:
      true
    case .select, .explain, .explainChange, .eventsFor, .prove, .verifyFile, .verifyLog,
      .compareKpi, .show, .describe:
      false
    }
  }
}
