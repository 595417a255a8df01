import Bytes
import HTTPTypes
import Hummingbird
import NIOCore
import PromQL
import RE2
import RemoteRead

/// `POST /api/v1/read`: samples of KPIs for a Prometheus server, which then has all of PromQL over them.
struct RemoteReadEndpoint: Sendable {
  let runner: PrometheusRunner

  func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await request.collected(
      maxBytes: ReadRequest.maxBytes, within: runner.requestSeconds)
    let asked: ReadRequest
    do throws(ReadRequest.Failure) {
      asked = try ReadRequest(body)
    } catch {
      throw Problem(.badRequest, "\(error)")
    }
    let results = try await runner.run(context) { source in
      try asked.queries.map { try source.series($0) }
    }
    return asked.takesChunks ? Self.chunks(results) : Self.samples(results)
  }

  private static func samples(_ results: [[ReadSeries]]) -> Response {
    Response(
      status: .ok, headers: [.contentType: ReadAnswer.samplesType, .contentEncoding: "snappy"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: ReadAnswer.samples(results))))
  }

  /// A frame for each series, the next when the client has taken the last one.
  private static func chunks(_ results: [[ReadSeries]]) -> Response {
    Response(
      status: .ok, headers: [.contentType: ReadAnswer.chunksType],
      body: ResponseBody { writer in
        for (index, series) in results.enumerated() {
          for one in series {
            try await writer.write(ByteBuffer(bytes: ReadAnswer.frame(one, ofQuery: index)))
          }
        }
        try await writer.finish(nil)
      })
  }
}

extension KpiSampleSource {
  /// The series of a query, with the samples that came between its ends.
  fileprivate func series(_ query: ReadRequest.Query) throws -> [ReadSeries] {
    let matchers = try query.matchers.map { matcher throws(Problem) -> Matcher in
      guard let comparison = Matcher.Comparison(rawValue: matcher.comparison) else {
        throw Problem(.badRequest, "\(matcher.comparison) is no comparison of a label")
      }
      do throws(RegularExpression.Refusal) {
        return try Matcher(Text(matcher.name), comparison, Text(matcher.value))
      } catch {
        throw Problem(
          .badRequest, "the regular expression of \(matcher.name) is not legal: \(error)")
      }
    }
    return try samples(matchers, fromMs: query.startMs, throughMs: query.endMs).compactMap { one in
      let kept = one.timesMs.indices.filter {
        one.timesMs[$0] >= query.startMs && one.timesMs[$0] <= query.endMs
      }
      if kept.isEmpty { return nil }
      return ReadSeries(
        labels: one.labels.pairs.map { ($0.name.string, $0.value.string) },
        timesMs: kept.map { one.timesMs[$0] }, values: kept.map { one.values[$0] })
    }
  }
}
