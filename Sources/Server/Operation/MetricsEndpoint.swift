import Hummingbird
import NIOCore
import Query
import Store

/// `GET /metrics`: figures of the server and its store. O(streams + KPIs + observers), whatever the store holds.
struct MetricsEndpoint: Sendable {
  let store: Store
  let metrics: Metrics
  let queue: AppendQueue
  let queries: BlockingPool
  let answers: AnswersHeld
  /// Where figures are read: not among queries, whose threads may all be busy, and which are counted.
  let pool: BlockingPool
  let live: LiveHub
  let certificates: Certificates?
  let clock: @Sendable () -> Int64

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard context.principal.streams == nil else {
      throw Problem(.forbidden, "figures are of all streams, and the token is for some only")
    }
    let text = try await pool.run { try self.text() }
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  private func text() throws -> String {
    var text = PrometheusText()
    text.add("nilo_build_info", .gauge, "The version of the program.", [(["version": "0.1.0"], 1)])
    let snapshot = try store.snapshot()
    text.add("nilo_last_seq", .gauge, "The last event of the log.", Double(snapshot.lastSeq))
    add(snapshot.streams, to: &text)
    add(snapshot.kpis, to: &text)
    try addAutomation(to: &text)
    try addSources(to: &text)
    try addSinks(to: &text)
    try addStore(to: &text)
    addRequests(to: &text)
    return text.text
  }

  private func add(_ streams: [StreamInfo], to text: inout PrometheusText) {
    func each(_ value: (StreamInfo) -> UInt64)
      -> [(labels: KeyValuePairs<String, String>, value: Double)]
    {
      streams.map { (["stream": $0.name], Double(value($0))) }
    }
    text.add("nilo_stream_events_total", .counter, "Events of a stream.", each(\.events))
    text.add("nilo_stream_facts_total", .counter, "Facts of a stream.", each(\.facts))
    text.add("nilo_stream_late_total", .counter, "Events that came late.", each(\.late))
    text.add(
      "nilo_stream_ahead_total", .counter, "Events too far ahead to say how far time has got.",
      each(\.ahead))
    text.add(
      "nilo_stream_duplicates_total", .counter, "Documents that the log had already.",
      each(\.duplicates))
    text.add(
      "nilo_stream_rejected_total", .counter, "Documents that were no events.", each(\.rejected))
    let now = clock()
    text.add(
      "nilo_stream_watermark_lag_seconds", .gauge, "How far event time is behind the clock.",
      streams.compactMap { stream in
        stream.watermarkNs.map { (["stream": stream.name], Double(now - $0) / 1e9) }
      })
  }

  private func add(_ kpis: [KpiInfo], to text: inout PrometheusText) {
    text.add(
      "nilo_kpi_filled_ratio", .gauge, "Share of the log that the cells of a KPI have.",
      kpis.map { kpi in
        (["kpi": kpi.name, "version": "\(kpi.version)"], kpi.progress ?? 1)
      })
  }

  private func addAutomation(to text: inout PrometheusText) throws {
    let schedules = try store.schedules()
    let states = try store.scheduleStates()
    text.add(
      "nilo_schedule_runs_total", .counter, "Times of a schedule that have ended, by how.",
      schedules.flatMap { schedule in
        [ScheduleInfo.Run.State.done, .failed, .passedOver].map { state in
          let counts = states[DefinitionKey(schedule.name, schedule.version)]?.counts ?? [:]
          return (
            ["schedule": schedule.name, "outcome": state.rawValue], Double(counts[state] ?? 0)
          )
        }
      })
    let now = clock()
    text.add(
      "nilo_schedule_lag_seconds", .gauge, "How long a time of a schedule has waited to be begun.",
      try schedules.map { schedule in
        (["schedule": schedule.name], Double(max(0, now - (try schedule.nextNs ?? now))) / 1e9)
      })
    text.add(
      "nilo_schedule_waiting_seconds", .gauge,
      "How long a run of a schedule that was begun has waited for its target to take it.",
      schedules.map { (["schedule": $0.name], waitingSeconds($0.waitingSinceNs, now)) })
    let ledgers = try store.alertLedgers()
    let alerts = try store.definedAlerts()
    text.add(
      "nilo_alert_waiting_seconds", .gauge,
      "How long a notice of an alert has waited for its webhook to take it.",
      alerts.map { (["alert": $0.name], waitingSeconds($0.waitingSinceNs, now)) })
    text.add(
      "nilo_alert_groups", .gauge, "Groups of an alert, by their state.",
      alerts.flatMap { alert in
        [AlertInfo.State.pending, .firing].map { state in
          (
            ["alert": alert.name, "state": state.rawValue],
            Double(alert.groups.count { $0.state == state })
          )
        }
      })
    text.add(
      "nilo_alert_notices_total", .counter,
      "What somebody was to be told of an alert, by how that ended.",
      alerts.flatMap { alert in
        [AlertEvent.Kind.notified, .unheard].map { kind in
          let counts = ledgers[DefinitionKey(alert.name, alert.version)]?.counts ?? [:]
          return (["alert": alert.name, "outcome": kind.rawValue], Double(counts[kind] ?? 0))
        }
      })
  }

  private func addSources(to text: inout PrometheusText) throws {
    let sources = try store.definedSources()
    func each(_ value: (FetchStatus) -> Double?)
      -> [(labels: KeyValuePairs<String, String>, value: Double)]
    {
      sources.compactMap { source in
        source.status.flatMap(value).map { (["source": source.name], $0) }
      }
    }
    text.add(
      "nilo_source_state", .gauge, "1 for the state that a source is in.",
      sources.flatMap { source in
        FetchStatus.State.allCases.map { state in
          (
            ["source": source.name, "state": state.rawValue],
            source.stateText == state.rawValue ? 1 : 0
          )
        }
      })
    text.add(
      "nilo_source_events_total", .counter, "Documents that a source has brought since it started.",
      each { Double($0.events) })
    text.add(
      "nilo_source_rejected_total", .counter, "Those of them that were no events.",
      each { Double($0.rejected) })
    text.add(
      "nilo_source_empty_total", .counter,
      "What had nothing in it, such as messages without a value.",
      each { Double($0.empty) })
    text.add(
      "nilo_source_lag", .gauge, "How much a source has that was not fetched yet.",
      each { $0.lag.map(Double.init) })
  }

  private func addSinks(to text: inout PrometheusText) throws {
    let sinks = try store.sinks()
    text.add(
      "nilo_sink_rows_total", .counter, "Rows that the target of a sink has got.",
      sinks.map { (["sink": $0.name], Double($0.rows)) })
    text.add(
      "nilo_sink_state", .gauge, "1 for the state that a sink is in.",
      sinks.flatMap { sink in
        SinkInfo.State.allCases.map { state in
          (["sink": sink.name, "state": state.rawValue], sink.state == state ? 1 : 0)
        }
      })
    let nowNs = clock()
    text.add(
      "nilo_sink_waiting_seconds", .gauge,
      "How long rows of a sink have waited for its target to take them.",
      sinks.map { (["sink": $0.name], waitingSeconds($0.waitingSinceNs, nowNs)) })
  }

  /// 0 where nothing waits.
  private func waitingSeconds(_ sinceNs: Int64?, _ nowNs: Int64) -> Double {
    Double(max(0, nowNs - (sinceNs ?? nowNs))) / 1e9
  }

  private func addStore(to text: inout PrometheusText) throws {
    let cells = store.cellMemory
    text.add(
      "nilo_cells_memory_bytes", .gauge, "Memory that cells of KPIs take.", Double(cells.bytes))
    text.add(
      "nilo_cells_memory_limit_bytes", .gauge, "Memory that cells of KPIs may take.",
      Double(cells.limitBytes))
    text.add(
      "nilo_cells_writes_for_room_total", .counter,
      "How often cells were written to make room: with more memory it is faster.",
      Double(cells.writesForRoom))
    let file = try store.file()
    text.add(
      "nilo_store_used_bytes", .gauge, "The store's file up to its last page.",
      Double(file.usedBytes))
    text.add(
      "nilo_store_disk_bytes", .gauge, "What the store's file takes on the disk.",
      Double(file.diskBytes))
    text.add(
      "nilo_store_map_bytes", .gauge, "Address space that is set aside for the store's file.",
      Double(file.mapBytes))
    text.add(
      "nilo_store_readers_peak", .gauge,
      "The most readers that the store had at once, of all processes.", Double(file.readersPeak))
    text.add(
      "nilo_store_readers_limit", .gauge, "How many readers the store can have at once.",
      Double(file.readersLimit))
    text.add(
      "nilo_observer_lag_events", .gauge, "Events that an observer has not done yet.",
      try store.observerStates().map { (["observer": $0.name], Double($0.lag)) })
  }

  private func addRequests(to text: inout PrometheusText) {
    text.add(
      "nilo_append_pending_bytes", .gauge, "Documents that wait for the disk.",
      Double(queue.bytesOnTheirWay))
    text.add(
      "nilo_append_seconds", "From a chunk of documents to its durable commit.",
      metrics.appendSeconds)
    text.add(
      "nilo_queries_total", .counter, "Statements that ended, by how.",
      metrics.queriesByOutcome.map { (["outcome": $0.label], Double($0.count)) })
    text.add(
      "nilo_query_seconds", "How long statements took, without those that waited.",
      metrics.querySeconds)
    text.add("nilo_queries_running", .gauge, "Statements that run.", Double(queries.runningCount))
    text.add(
      "nilo_queries_waiting", .gauge, "Statements that wait for a thread.",
      Double(queries.waitingCount))
    text.add(
      "nilo_answers_held_bytes", .gauge,
      "Large answers that their clients have not taken yet.", Double(answers.byteCount))
    text.add(
      "nilo_subscriptions", .gauge, "Open subscriptions.", Double(live.followerCount))
    text.add(
      "nilo_http_connections", .gauge, "Open connections.", Double(ConnectionWatch.openCount))
    text.add(
      "nilo_http_responses_total", .counter, "Answers, by the class of their status.",
      metrics.responsesByClass.map { (["class": $0.label], Double($0.count)) })
    text.add(
      "nilo_http_problems_total", .counter, "Answers that were problems, by their kind.",
      metrics.problemsByKind.map { (["kind": $0.label], Double($0.count)) })
    if let certificates {
      text.add(
        "nilo_tls_certificate_end_timestamp_seconds", .gauge,
        "When the server's certificate ends, in seconds since 1970.",
        Double(certificates.endSeconds))
    }
    if let process = ProcessFigures.read() {
      text.add(
        "process_resident_memory_bytes", .gauge, "Memory of the program.",
        Double(process.residentBytes))
      text.add("process_open_fds", .gauge, "Open files and connections.", Double(process.openFiles))
    }
  }
}
