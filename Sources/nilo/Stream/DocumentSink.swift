import Bytes
import Curl
import Foundation

/// Where documents are sent to. A target of another kind is another of these: see ``DocumentSinks``.
protocol DocumentSink: AnyObject {
  /// Returns when they have arrived. Throws ``Failure`` when they never will, and ``ClosedOutput``.
  func send(_ documents: [[UInt8]]) throws
  var outcome: SinkOutcome { get }
}

/// What became of the documents.
struct SinkOutcome {
  var sent: UInt64 = 0
  /// As the other side says, where it says something.
  var accepted: UInt64 = 0
  var duplicates: UInt64 = 0
  var rejected: UInt64 = 0
  /// Times that something was sent again.
  var retries: UInt64 = 0
}

/// What the options say of how to send, beside where to.
struct SinkOptions {
  var token: String?
  var caFile: String?
  /// The field whose value is the key of a message.
  var key: String?
  /// A file of options of librdkafka.
  var clientConfig: String?
}

enum DocumentSinks {
  /// The sink that `--to` says. Throws ``Misuse``, and ``Failure`` when a file of options cannot be read.
  static func sink(_ target: String, _ options: SinkOptions) throws -> any DocumentSink {
    if target.hasPrefix(KafkaSink.scheme) { return try KafkaSink(target, options) }
    if options.key != nil || options.clientConfig != nil {
      throw Misuse("--key and --client-config go with --to kafka://...")
    }
    if target == "stdout" || target == "-" { return OutputSink() }
    if let url = URLComponents(string: target), ["http", "https"].contains(url.scheme),
      url.host?.isEmpty == false
    {
      return HTTPSink(url: target, token: options.token, caFile: options.caFile)
    }
    throw Misuse(
      "--to is stdout, or a URL such as http://127.0.0.1:4280/v1/streams/NAME/events or kafka://localhost:9092/TOPIC, not \(target)"
    )
  }
}

/// Lines of standard output.
final class OutputSink: DocumentSink {
  private(set) var outcome = SinkOutcome()

  func send(_ documents: [[UInt8]]) throws {
    var bytes: [UInt8] = []
    for document in documents {
      bytes += document
      bytes.append(UInt8(ascii: "\n"))
    }
    try writeAll(bytes, to: Descriptor.output)
    outcome.sent += UInt64(documents.count)
  }
}

/// NDJSON, posted to a server, again and again until it is taken: after 0.5 s, 1 s, 2 s and so on up to 30 s, each shortened
/// by chance by up to a half so that many do not come at once, or after what `Retry-After` says. Each request has a key of its own, under
/// which a server takes it once however often it comes.
final class HTTPSink: DocumentSink {
  private(set) var outcome = SinkOutcome()
  private let url: String
  private let token: String?
  private let caFile: String?
  private let session = HTTPSession()
  private let run = UUID().uuidString
  private var number = 0

  private static let firstDelaySeconds = 0.5
  private static let maxDelaySeconds = 30.0
  private static let timeoutMs = 60_000
  /// What may be different in a moment.
  private static let passingStatuses: Set<Int> = [408, 409, 425, 429, 500, 502, 503, 504, 507]

  init(url: String, token: String?, caFile: String?) {
    (self.url, self.token, self.caFile) = (url, token, caFile)
  }

  func send(_ documents: [[UInt8]]) throws {
    number += 1
    var call = HTTPCall(url, method: "POST", body: Array(documents.joined(separator: [0x0A])))
    call.headers = [
      ("Content-Type", "application/x-ndjson"), ("Idempotency-Key", "\"\(run)-\(number)\""),
      // Small bodies need no leave to be sent.
      ("Expect", ""),
    ]
    if let token, !token.isEmpty { call.headers.append(("Authorization", "Bearer \(token)")) }
    call.timeoutMs = Self.timeoutMs
    call.caFile = caFile
    var delay = Self.firstDelaySeconds
    while true {
      let (problem, retryAfter) = try attempt(call, documents.count)
      guard let problem else { return }
      if outcome.retries == 0 { printNote("\(problem); trying again until it is taken") }
      outcome.retries += 1
      try wait(max(retryAfter ?? 0, delay * Double.random(in: 0.5...1)))
      delay = min(delay * 2, Self.maxDelaySeconds)
    }
  }

  /// Nil when it was taken; else what is wrong for now, and how long to wait at least.
  private func attempt(_ call: HTTPCall, _ count: Int) throws -> (String?, Double?) {
    let head: HTTPHead
    let body: [UInt8]
    do {
      (head, body) = try session.send(
        call, maxBodyBytes: 1 << 20, isCancelled: Interruption.wish)
    } catch let error as HTTPCallError {
      switch error.kind {
      case .cancelled: throw CancellationError()
      case .badURL, .untrusted, .refusedAddress, .tooLarge: throw Failure("\(error)")
      default: return ("\(error)", nil)
      }
    }
    let answer = try? JSONReader.value(body)
    // A nilo server says 422 when it has taken the documents, and all are on the ledger as rejected.
    let rejected = answer?["rejected_count"]?.unsigned
    if 200..<300 ~= head.status || (head.status == 422 && rejected != nil) {
      outcome.sent += UInt64(count)
      outcome.accepted += answer?["accepted"]?.unsigned ?? 0
      outcome.duplicates += answer?["duplicate_count"]?.unsigned ?? 0
      outcome.rejected += rejected ?? 0
      return (nil, nil)
    }
    let problem = RemoteProblem(status: head.status, body, server: url)
    guard Self.passingStatuses.contains(head.status) else { throw Failure("\(url): \(problem)") }
    return ("\(url): \(problem)", head.header("Retry-After").flatMap(Double.init))
  }

  private func wait(_ seconds: Double) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while .now < end {
      if Interruption.isRequested { throw CancellationError() }
      Thread.sleep(forTimeInterval: min(0.1, max(0, (end - .now) / .seconds(1))))
    }
  }
}
