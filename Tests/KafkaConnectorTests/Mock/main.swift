import CRdkafka
import Foundation

// A cluster of brokers that is none: librdkafka's mock, in a process of its own. It prints the addresses of its brokers, takes a
// command a line on standard input, and answers each by a line. It ends with its input.
//
//   topic NAME PARTITIONS
//   leader TOPIC PARTITION BROKER
//   errors API CODE COUNT      the next COUNT requests of that kind fail
//   down BROKER | up BROKER

let brokerCount = Int32(CommandLine.arguments.dropFirst().first ?? "1") ?? 1

/// The client that the library's mock needs to live in.
guard
  let client = unsafe rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0),
  let cluster = unsafe rd_kafka_mock_cluster_new(client, brokerCount)
else { fatalError("no mock cluster") }

func say(_ text: String) {
  FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

func run(_ words: [String]) -> rd_kafka_resp_err_t? {
  let numbers = words.dropFirst().compactMap { Int32($0) }
  switch words.first {
  case "topic" where words.count == 3:
    return unsafe rd_kafka_mock_topic_create(cluster, words[1], numbers.last ?? 1, brokerCount)
  case "leader" where words.count == 4 && numbers.count >= 2:
    let (partition, broker) = (numbers[numbers.count - 2], numbers[numbers.count - 1])
    return unsafe rd_kafka_mock_partition_set_leader(cluster, words[1], partition, broker)
  case "errors" where numbers.count == 3:
    let errors = [rd_kafka_resp_err_t](
      repeating: rd_kafka_resp_err_t(rawValue: numbers[1]), count: Int(numbers[2]))
    unsafe rd_kafka_mock_push_request_errors_array(
      cluster, Int16(numbers[0]), errors.count, errors)
    return RD_KAFKA_RESP_ERR_NO_ERROR
  case "down" where numbers.count == 1:
    return unsafe rd_kafka_mock_broker_set_down(cluster, numbers[0])
  case "up" where numbers.count == 1:
    return unsafe rd_kafka_mock_broker_set_up(cluster, numbers[0])
  default: return nil
  }
}

say(unsafe String(cString: rd_kafka_mock_cluster_bootstraps(cluster)))
while let line = readLine() {
  guard let code = run(line.split(separator: " ").map(String.init)) else {
    say("no such command: \(line)")
    continue
  }
  say(
    code == RD_KAFKA_RESP_ERR_NO_ERROR
      ? "ok" : unsafe String(cString: rd_kafka_err2str(code)))
}
