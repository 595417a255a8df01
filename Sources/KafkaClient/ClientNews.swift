internal import CRdkafka
import Synchronization

/// What a client tells by its callbacks, from its own threads too. It lives as long as the client, and so longer than whoever made
/// it.
@safe final class ClientNews: Sendable {
  /// Errors of the client as a whole, such as that no broker can be reached: the last one, until it is taken.
  private let failure = Mutex<KafkaError?>(nil)
  /// Told of each message that was delivered or not, with what it was given for that.
  let reports = Mutex<[(tag: Int, failure: KafkaError?)]>([])
  /// What a single broker did last.
  let lastReason = Mutex<KafkaError?>(nil)

  /// Takes note of an error of the client. What one broker does is its own affair as long as there are others, but it says why
  /// there is none when that is so.
  func note(_ code: rd_kafka_resp_err_t, _ message: String?) {
    let error = KafkaError(code, "brokers", message: message)
    switch code {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      let reason = lastReason.withLock { $0 }
      failure.withLock { $0 = reason ?? error }
    case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR__FATAL:
      failure.withLock { $0 = error }
    default: lastReason.withLock { $0 = error }
    }
  }

  /// What was said last of why something does not work; nil for nothing.
  var reason: String? { (failure.withLock { $0 } ?? lastReason.withLock { $0 })?.message }

  /// The error of the client as a whole that came last, once.
  func takeFailure() -> KafkaError? {
    failure.withLock { failure in
      defer { failure = nil }
      return failure
    }
  }

  static func of(_ context: UnsafeMutableRawPointer?) -> ClientNews {
    guard let context = unsafe context else { preconditionFailure("a callback without its client") }
    return unsafe Unmanaged.fromOpaque(context).takeUnretainedValue()
  }
}
