import Bytes
import Hummingbird
import Query
import Store
import Synchronization

/// `/query`: the few statements of InfluxQL that clients send beside what they write. Questions are asked in the query
/// language, at `/v1/query`.
struct InfluxQLEndpoint: Sendable {
  let store: Store
  let pool: BlockingPool
  let settings: ServerSettings
  let databases = CreatedDatabases()

  private static let maxBodyBytes = 1 << 20

  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await answer(request.queryParameter("q"), context)
  }

  /// The statements stand in the query string or in a form.
  func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    let body = try await request.collected(
      maxBytes: Self.maxBodyBytes, within: settings.limits.requestSeconds)
    let fields = FormField.all(String(decoding: body, as: UTF8.self))
    return try await answer(
      request.queryParameter("q") ?? fields.first { $0.name == "q" }?.value, context)
  }

  private func answer(_ text: String?, _ context: ServerContext) async throws -> Response {
    guard let text, !text.isEmpty else {
      throw Problem(.badRequest, "missing required parameter \"q\"")
    }
    var results: [[UInt8]] = []
    for statement in InfluxQLStatement.all(text) {
      var writer = JSONObjectWriter()
      writer.field("statement_id", Int64(results.count))
      try await answer(statement, context, &writer)
      results.append(writer.finish())
    }
    return .json { [results] in $0.field("results", array: results) }
  }

  private func answer(
    _ statement: InfluxQLStatement, _ context: ServerContext, _ writer: inout JSONObjectWriter
  ) async throws {
    switch statement {
    case .createDatabase(let name): databases.add(name)
    case .showDatabases:
      let names = try await databaseNames().map { [$0.json] }
      writer.field("series", array: [Self.series("databases", ["name"], names)])
    case .showRetentionPolicies:
      let row = [Array("\"autogen\",\"0s\",\"168h0m0s\",1,true".utf8)]
      let columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"]
      writer.field("series", array: [Self.series(nil, columns, [row])])
    case .showMeasurements:
      let names = try await pool.run { [store] in
        try store.snapshot().streams.filter { context.principal.mayAsk(stream: $0.name) }
          .map { [$0.name.json] }
      }
      if !names.isEmpty {
        writer.field("series", array: [Self.series("measurements", ["name"], names)])
      }
    case .other:
      writer.field("error", "InfluxQL is not answered; ask in NQL at /v1/query")
    }
  }

  /// Databases that were written to or created. O(sources).
  private func databaseNames() async throws -> [String] {
    try await pool.run { [store, databases] in
      var names = databases.names
      for stream in try store.snapshot().streams {
        for source in try store.sources(ofStream: stream.name)
        where source.name.hasPrefix(LineReading.sourcePrefix) {
          names.insert(String(source.name.dropFirst(LineReading.sourcePrefix.count)))
        }
      }
      return names.sorted()
    }
  }

  private static func series(
    _ name: String?, _ columns: [String], _ rows: [[[UInt8]]]
  ) -> [UInt8] {
    var writer = JSONObjectWriter()
    if let name { writer.field("name", name) }
    writer.field("columns", strings: columns)
    if !rows.isEmpty {
      writer.field(
        "values",
        array: rows.map { row in
          [UInt8(ascii: "[")] + row.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
        })
    }
    return writer.finish()
  }
}

extension String {
  fileprivate var json: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(jsonString: self)
    return bytes
  }
}

/// Databases that were created since the server started: it has none, but clients look for what they have created.
final class CreatedDatabases: Sendable {
  private static let maxCount = 1_000
  private let all = Mutex<Set<String>>([])

  var names: Set<String> { all.withLock { $0 } }

  func add(_ name: String) {
    all.withLock { names in
      if names.count < Self.maxCount { names.insert(name) }
    }
  }
}
