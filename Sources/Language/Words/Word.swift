/// The words that are told from names by their place: a field may have any of them as its name.
enum Word: String, CaseIterable {
  // Statements.
  case explain, analyze, value, change, events, `for`, prove, into, verify, log
  case define, alter, redefine, drop, rebuild, backfill, show, describe, to
  case compare, `switch`, stream, kpi
  // Clauses of a query.
  case facet, since, until, last, at, every, rolling, timeseries, slide, time, zone, fill
  case previous, linear, with, ago, asc, desc, per, bucket, of, seq, using, version, only, final
  case whole, buckets
  case now, today, yesterday
  // Clauses of a definition.
  case lateness, key, dedup, within, no, explode, element, unit, format, dimensions, source
  // What SHOW lists, beside `dimensions`.
  case streams, kpis, fields, watermark, late, rejected, duplicates, ahead, versions, sources,
    history
  case create, arrival
  // What the columns of a KPI mean.
  case target, higher, lower, better, column
  // What happens by itself.
  case schedule, schedules, cron, alert, alerts, on, early, notify, sink, sinks
  case pause, resume, field, topic

  init?(word: String) { self.init(rawValue: asciiLowercased(word)) }

  /// As it is shown and printed.
  var written: String { rawValue.uppercased() }
}
