internal import CRdkafka
import Dispatch
import Synchronization
import Threads

/// A question for the beginning and end of a partition, on a thread of its own: librdkafka 2.0 waits for the answer of a broker that
/// is down until the request itself has expired, whatever time it was given.
@safe final class WatermarkQuery: Sendable {
  private struct Answer {
    var code = RD_KAFKA_RESP_ERR__IN_PROGRESS
    var (low, high): (Int64, Int64) = (0, 0)
  }

  private let answer = Mutex(Answer())
  private let ended = DispatchSemaphore(value: 0)

  /// Begins to ask. The client outlives the question: it does not end before. Throws `ThreadError`.
  init(_ partition: KafkaPartition, _ handle: ClientHandle, timeoutMs: Int) throws(ThreadError) {
    let client = unsafe AskedClient(pointer: handle.pointer)
    let questions = handle.questions
    questions.enter()
    do throws(ThreadError) {
      try startThread(named: "nilo.kafka.ask", stackBytes: 256 << 10) { [self] in
        var found = Answer()
        found.code = unsafe rd_kafka_query_watermark_offsets(
          client.pointer, partition.topic, partition.number, &found.low, &found.high,
          Int32(timeoutMs))
        answer.withLock { $0 = found }
        ended.signal()
        questions.leave()
      }
    } catch {
      questions.leave()
      throw error
    }
  }

  /// Waits for the answer; nil when there is none in time, and it may be waited for again. Throws ``KafkaError`` for a refusal.
  func watermarks(
    of partition: KafkaPartition, timeoutMs: Int, reason: @autoclosure () -> String?
  ) throws(KafkaError) -> Range<Int64>? {
    guard ended.wait(timeout: .now() + .milliseconds(timeoutMs)) == .success else { return nil }
    let found = answer.withLock { $0 }
    guard found.code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaError(found.code, "offsets of \(partition)", message: reason())
    }
    return found.low..<max(found.low, found.high)
  }
}

/// The client of a question. Its functions may be called on any thread.
@safe private struct AskedClient: @unchecked Sendable {
  let pointer: OpaquePointer
}
