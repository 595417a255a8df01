import Hummingbird

extension ServerParts {
  /// All that the server answers.
  var router: Router<ServerContext> {
    let router = Router(context: ServerContext.self)
    let counted = metrics.metrics
    router.addMiddleware {
      AllowedOrigins(settings.origins)
      Problems(metrics: counted)
    }

    router.path(
      "/v1/streams/:stream/events",
      [.post: by(.writer, taking: ["source", "position", "format", "decimal_mark"], ingest.post)])

    // Statements that change the store take an admin.
    router.path(
      "/v1/query",
      [
        .get: by(.reader, taking: ["q", "format", "time_zone", "param."], query.get),
        .post: by(.reader, query.post),
      ])

    router.path(
      "/v1/subscribe",
      [
        .get: by(
          .reader, taking: ["kpi", "query", "time_zone", "after", "group."], subscribe.get)
      ])

    router.path("/v1/streams", [.get: by(.reader, taking: paging, lists.streams)])
    router.path("/v1/streams/:stream", [.get: by(.reader, taking: [], lists.stream)])
    router.path("/v1/kpis", [.get: by(.reader, taking: ["versions"] + paging, lists.kpis)])
    router.path("/v1/kpis/:kpi", [.get: by(.reader, taking: [], lists.kpi)])
    router.path(
      "/v1/kpis/:kpi/rows",
      [
        .get: by(
          .reader, taking: ["since", "until", "group.", "version", "format"] + paging, rows.get)
      ])
    router.path("/kpis/:timestamp", [.get: by(.reader, taking: ["exact"], moments.get)])
    router.path(
      "/v1/ledger",
      [.get: by(.reader, taking: ["kind", "stream", "since", "until"] + paging, ledger.get)])
    router.path("/v1/sources", [.get: by(.reader, taking: ["stream"] + paging, sources.get)])
    router.path("/v1/schedules", [.get: by(.reader, taking: paging, automations.schedules)])
    router.path("/v1/alerts", [.get: by(.reader, taking: paging, automations.alerts)])
    router.path("/v1/sinks", [.get: by(.reader, taking: paging, automations.sinks)])
    router.path(
      "/v1/notes",
      [
        .get: by(.reader, taking: ["since", "until", "kpi"] + paging, notes.list),
        .post: by(.writer, taking: [], notes.post),
      ])
    router.path("/v1/notes/:id", [.delete: by(.writer, taking: [], notes.delete)])
    router.path("/v1/shifts", [.get: by(.reader, taking: [], lists.shifts)])
    router.path("/v1/events/:seq", [.get: by(.reader, taking: [], lists.event)])
    router.path("/v1/lines/:seq", [.get: by(.reader, taking: [], lines.get)])

    // What clients of InfluxDB send and ask.
    let influx1 = router.group().add(middleware: InfluxAnswers(api: .v1, metrics: counted))
    influx1.path("/write", [.post: by(.writer, takesPassword: true, influxWrite.v1)])
    influx1.path(
      "/query",
      [
        .get: by(.reader, takesPassword: true, influxQL.get),
        .post: by(.reader, takesPassword: true, influxQL.post),
      ])
    influx1.path("/ping", [.get: influx.ping])
    influx1.path("/health", [.get: influx.health])
    influx1.path("/ready", [.get: influx.ready])
    let influx2 = router.group().add(middleware: InfluxAnswers(api: .v2, metrics: counted))
    influx2.path("/api/v2/write", [.post: by(.writer, influxWrite.v2)])
    let influx3 = router.group().add(middleware: InfluxAnswers(api: .v3, metrics: counted))
    influx3.path("/api/v3/write_lp", [.post: by(.writer, influxWrite.v3)])

    // What clients of Prometheus ask, such as Grafana.
    let api1 = router.group().add(middleware: PrometheusAnswers(metrics: counted))
    for (path, handler) in [
      ("query", promQueries.instant), ("query_range", promQueries.range),
      ("format_query", promQueries.format), ("series", promLists.series),
      ("labels", promLists.labels), ("query_exemplars", promLists.exemplars),
    ] as [(String, Handler)] {
      let handler = by(.reader, handler)
      api1.path(RouterPath("/api/v1/" + path), [.get: handler, .post: handler])
    }
    api1.path("/api/v1/label/:name/values", [.get: by(.reader, promLists.values)])
    api1.path("/api/v1/metadata", [.get: by(.reader, promLists.metadata)])
    api1.path("/api/v1/status/buildinfo", [.get: by(.reader, promLists.buildInfo)])
    api1.path("/api/v1/rules", [.get: by(.reader, promRules.rules)])
    api1.path("/api/v1/alerts", [.get: by(.reader, promRules.alerts)])
    api1.path("/api/v1/read", [.post: by(.reader, remoteRead.post)])
    api1.path("/metrics/kpis", [.get: by(.reader, kpiExposition.get)])

    router.path("/metrics", [.get: by(.reader, metrics.get)])
    // Those who watch over programs ask without a token; what they learn is no secret.
    router.path("/", [.get: page.index])
    router.path("/page/:folder/:file", [.get: page.file])
    router.path("/openapi.json", [.get: operation.openAPI])
    router.path("/-/healthy", [.get: operation.healthy])
    router.path("/-/ready", [.get: operation.ready])
    return router
  }
}

extension ServerParts {
  /// A handler for whoever has at least `role`, of requests with these fields in the query string (a name with a dot at
  /// its end is the beginning of many). Nil passes over others: clients of InfluxDB send what only InfluxDB has.
  /// `takesPassword` is for those that may show their token as ``Access/principal(of:_:takesPassword:)`` says.
  private func by(
    _ role: Role, taking parameters: [String]? = nil, takesPassword: Bool = false,
    _ handler: @escaping Handler
  ) -> Handler {
    { [access, rates] request, context in
      var context = context
      do throws(Problem) {
        context.principal = try await access.principal(
          of: request, context, takesPassword: takesPassword)
      } catch {
        // Whoever tries tokens leaves a trace.
        context.logger.info(
          "nobody was let in: \(error.detail)",
          metadata: ["client": "\(context.clientAddress)", "path": "\(request.uri.path)"])
        throw error
      }
      try rates.admit(context.principal.tokenId ?? context.clientAddress)
      try context.require(role)
      if let parameters { try request.require(parameters: parameters) }
      return try await handler(request, context)
    }
  }
}

/// What all lists take.
private let paging = ["limit", "cursor"]

/// Answers a request that came to its path.
typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

extension RouterMethods<ServerContext> {
  /// Adds a path with all that it answers. HEAD is GET without the body, OPTIONS tells the methods; of others it is said
  /// that they are not for this path, which the framework would take for a path that is not there.
  fileprivate func path(_ path: RouterPath, _ handlers: [HTTPRequest.Method: Handler]) {
    for (method, handler) in handlers { on(path, method: method, use: handler) }
    if let get = handlers[.get] {
      head(path) { request, context in try await get(request, context).createHeadResponse() }
    }
    let named = handlers.keys.sorted { $0.rawValue < $1.rawValue }
    let implied: [HTTPRequest.Method] = handlers[.get] == nil ? [.options] : [.head, .options]
    let allowed = (named + implied).map(\.rawValue).sorted()
    on(path, method: .options) { _, _ in
      Response(status: .noContent, headers: [.allow: allowed.joined(separator: ", ")])
    }
    let others: [HTTPRequest.Method] = [.get, .put, .post, .delete, .patch]
    for method in others where handlers[method] == nil {
      on(path, method: method) { _, _ -> Response in
        var problem = Problem(
          .methodNotAllowed,
          "\(path) has \(named.map(\.rawValue).joined(separator: " and ")) only")
        problem.allowedMethods = allowed
        throw problem
      }
    }
  }
}
