import Hummingbird
import HummingbirdCore
import NIOCore
import Query
import Store

/// What requests are answered with: the store, the threads, and a part for each group of paths.
struct ServerParts: Sendable {
  let settings: ServerSettings
  let certificates: Certificates?
  let access: Access
  let audit: Audit
  let rates: RateLimits
  let appends: BlockingPool
  let queries: BlockingPool
  let looks: BlockingPool
  let ingest: IngestEndpoint
  let query: QueryEndpoint
  let live: LiveHub
  let subscribe: SubscribeEndpoint
  let lists: ListEndpoints
  let automations: AutomationEndpoints
  let rows: RowsEndpoint
  let moments: MomentEndpoint
  let ledger: LedgerEndpoint
  let sources: SourcesEndpoint
  let notes: NotesEndpoint
  let influxWrite: WriteEndpoint
  let influxQL: InfluxQLEndpoint
  let influx: InfluxOperation
  let lines: LineEndpoint
  let promQueries: PrometheusQueries
  let promLists: PrometheusLists
  let promRules: PrometheusRules
  let kpiExposition: KpiExposition
  let remoteRead: RemoteReadEndpoint
  let operation: OperationEndpoints
  let page: PageEndpoint
  let metrics: MetricsEndpoint
  let scheduler: Scheduler
  let fetching: SourceSupervisor

  init(
    _ store: Store, _ settings: ServerSettings, certificates: Certificates? = nil,
    clock: @escaping @Sendable () -> Int64
  ) {
    (self.settings, self.certificates) = (settings, certificates)
    let logger = LogLines.logger(settings)
    let tokens = TokenFile(directory: settings.directory, logger: logger)
    access = Access(
      tokens: tokens, webTokens: WebTokens(settings, clock: clock, logger: logger),
      isOpen: !settings.address.isLoopback, origins: Set(settings.origins), clock: clock)
    audit = Audit(store, configuration: settings.text)
    let limits = settings.limits
    rates = RateLimits(perSecond: limits.requestsPerSecond, burst: limits.requestBurst)
    appends = BlockingPool(
      named: "batches", threadCount: System.coreCount, maxWaiting: limits.connections,
      setting: "limits.connections")
    queries = BlockingPool(
      named: "queries", threadCount: limits.queries, maxWaiting: limits.queriesWaiting,
      setting: "limits.queries_waiting")
    looks = BlockingPool(
      named: "subscriptions", threadCount: System.coreCount, maxWaiting: limits.subscriptions,
      setting: "limits.subscriptions")
    let counted = Metrics()
    let file = StoreFile(directory: settings.directory)
    let queue = AppendQueue(
      store, file, pool: appends, maxBytes: limits.pendingBytes, metrics: counted)
    let queryLimits = limits.ofQueries
    let outputs = Outputs(
      store: store, directory: settings.outputsDirectory,
      webhooks: Webhooks(
        secretFile: settings.webhookSecretFile, allowedHosts: Set(settings.webhookHosts),
        clock: clock))
    let runner = QueryRunner(
      store: store, pool: queries, clock: clock, limits: queryLimits, metrics: counted,
      held: AnswersHeld(maxBytes: limits.answersMemoryBytes), audit: audit,
      refusal: { (try? Target($0)).flatMap(outputs.refusal) })
    ingest = IngestEndpoint(queue: queue, settings: settings, clock: clock)
    query = QueryEndpoint(runner: runner, settings: settings)
    let looker = LiveLooker(store: store, pool: looks, limits: queryLimits, clock: clock)
    live = LiveHub(store, looker, maxFollowers: limits.subscriptions)
    subscribe = SubscribeEndpoint(hub: live, access: access, runner: runner)
    lists = ListEndpoints(store: store, runner: runner, shifts: settings.shifts)
    automations = AutomationEndpoints(store: store, pool: queries)
    rows = RowsEndpoint(store: store, runner: runner)
    moments = MomentEndpoint(store: store, runner: runner)
    ledger = LedgerEndpoint(store: store, runner: runner)
    sources = SourcesEndpoint(store: store, runner: runner)
    notes = NotesEndpoint(store: store, pool: queries, settings: settings, clock: clock)
    influxWrite = WriteEndpoint(
      store: store, queue: queue, pool: appends, settings: settings, clock: clock)
    influxQL = InfluxQLEndpoint(store: store, runner: runner, settings: settings)
    influx = InfluxOperation(store: store, pool: queries)
    lines = LineEndpoint(store: store, pool: queries)
    let promRunner = PrometheusRunner(queries: runner, requestSeconds: limits.requestSeconds)
    promQueries = PrometheusQueries(runner: promRunner)
    promLists = PrometheusLists(runner: promRunner)
    promRules = PrometheusRules(store: store, pool: queries)
    kpiExposition = KpiExposition(runner: promRunner)
    remoteRead = RemoteReadEndpoint(runner: promRunner)
    operation = OperationEndpoints(store: store, file: file, queries: queries)
    page = PageEndpoint(
      files: PageFiles(folder: settings.pageDirectory), pool: looks, operation: operation)
    metrics = MetricsEndpoint(
      store: store, metrics: counted, queue: queue, queries: queries, answers: runner.held,
      pool: looks, live: live,
      certificates: certificates, clock: clock)
    scheduler = Scheduler(
      ScheduleWork(
        store: store, outputs: outputs, limits: queryLimits, clock: clock,
        catchUpNs: Int64(settings.scheduleCatchUpSeconds) * 1_000_000_000,
        retryNs: Int64(settings.outputsRetrySeconds) * 1_000_000_000),
      idleNs: Int64(settings.idleSourceSeconds) * 1_000_000_000,
      upkeep: { [audit] in
        // Also where nobody connects: who looks at the log in time can mend a certificate before it ends.
        _ = certificates?.endSeconds
        try audit.noteTokens(tokens.records())
      },
      logger: logger)
    fetching = SourceSupervisor(
      SourceContext(store: store, clock: clock, logger: logger), makers: SourceSupervisor.fetchers)
  }

  /// What each connection is like.
  var http1: HTTP1Channel.Configuration {
    let limits = settings.limits
    return HTTP1Channel.Configuration(
      additionalChannelHandlers: [
        ConnectionWatch(
          maxBodyBytes: .max, patience: .seconds(Int64(limits.requestSeconds)),
          logger: LogLines.logger(settings))
      ],
      idleTimeout: .seconds(Int64(limits.idleSeconds)),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
        maxHeaderFieldCount: 200))
  }

  /// Ends the threads, once no request runs any more.
  func stop() async {
    try? await appends.run { [scheduler, fetching] in
      fetching.stop()
      scheduler.stop()
    }
    await appends.stop()
    await queries.stop()
    await looks.stop()
  }
}
