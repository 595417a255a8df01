import Foundation
import Testing
import Workloads

@Suite struct LargeWorkloadTests {
  private func documents(_ options: LargeWorkload.Options) -> [[UInt8]] {
    var workload = LargeWorkload(options)
    var documents: [[UInt8]] = []
    var bytes: [UInt8] = []
    while workload.next(into: &bytes) {
      documents.append(bytes)
      bytes.removeAll(keepingCapacity: true)
    }
    return documents
  }

  private func options(messages: Int, sizeBytes: Int, seed: UInt64 = 1) -> LargeWorkload.Options {
    var options = LargeWorkload.Options()
    options.messages = messages
    options.sizeBytes = sizeBytes
    options.seed = seed
    return options
  }

  @Test func bytesAreTheSameOnAnyMachine() throws {
    let one = try #require(documents(options(messages: 1, sizeBytes: 1 << 20)).first)
    #expect(fnv1a(one) == 0x7553_92e2_b20b_632e)
  }

  @Test func seedsDiffer() {
    let first = documents(options(messages: 2, sizeBytes: 5_000))
    #expect(first == documents(options(messages: 2, sizeBytes: 5_000)))
    #expect(first != documents(options(messages: 2, sizeBytes: 5_000, seed: 2)))
  }

  @Test(arguments: [200, 201, 317, 1_000, 4_096, 300_000])
  func sizesAreHeld(sizeBytes: Int) {
    let all = documents(options(messages: 30, sizeBytes: sizeBytes))
    #expect(all.count == 30)
    for document in all {
      #expect((sizeBytes - 99...sizeBytes).contains(document.count))
      #expect(document.firstIndex(of: UInt8(ascii: "\n")) == document.count - 1)
    }
  }

  @Test func defaults() {
    let workload = LargeWorkload(.init())
    #expect(workload.eventCount == 40)
    #expect(workload.options.sizeBytes == 5_000_000)
  }

  @Test func documentsAreValidJSON() throws {
    var ids: Set<String> = []
    for (number, document) in documents(options(messages: 12, sizeBytes: 100_000)).enumerated() {
      let value = try JSONSerialization.jsonObject(with: Data(document))
      let object = try #require(value as? [String: Any])
      ids.insert(try #require(object["event_id"] as? String))
      #expect(object["device_id"] as? String == "press-01")
      let minute = number < 10 ? "0\(number)" : "\(number)"
      #expect(object["timestamp"] as? String == "2024-06-01T00:\(minute):00Z")
      let readings = try #require(object["readings"] as? [[String: Any]])
      let times = try readings.map { try #require($0["t"] as? Int) }
      let startMs = 1_717_200_000_000 + number * 60_000
      #expect(times == times.sorted())
      #expect(times.first == startMs)
      #expect(try #require(times.last) < startMs + 60_000)
      let metrics = try readings.map { try #require($0["metric"] as? String) }
      #expect(Set(metrics).count == 20)
      #expect(Set(zip(metrics, times).map { "\($0) \($1)" }).count == readings.count)
      #expect(readings.allSatisfy { $0["value"] is Double })
    }
    #expect(ids.count == 12)
  }

  @Test func identifiersDifferFromThoseOfAFleet() throws {
    let document = try #require(documents(options(messages: 1, sizeBytes: 200)).first)
    let id = String(decoding: document[13..<29], as: UTF8.self)
    #expect(FleetWorkload.small { $0.hours = 1 }.lines().allSatisfy { $0.eventID != id })
  }
}
