import FileConnector
import Foundation
import Store
import TestSupport
import Testing

@testable import Server

/// Small requests that come at the same time.
@Suite struct GatheringTests {
  private static func request(_ text: String) throws -> Gathering.Request {
    var reader = try BodyReader(.ndjson)
    reader.add(Array(text.utf8))
    reader.finish()
    return Gathering.Request(chunk: try #require(try reader.next())) { _ in }
  }

  /// Requests come, batches are begun and end, in any order: all go in, in their order, as many batches at a time as there may
  /// be, and none is left waiting when no batch is on its way.
  @Test func allRequestsGoInInTheirOrder() {
    rounds(200) { random in
      var gathering = Gathering()
      let targets = (0..<3).map { IngestTarget(stream: "s\($0)", source: "http", actor: "a") }
      // Of each target: sizes of what was added and taken, batches that are to be begun, and those that are on their way.
      var added: [[Int]] = [[], [], []]
      var taken: [[Int]] = [[], [], []]
      var due = [0, 0, 0]
      var onTheirWay = [0, 0, 0]
      func end(_ number: Int) {
        if gathering.end(of: targets[number]) { due[number] += 1 }
      }
      func step(adds: Bool) throws {
        let number = random.below(3)
        if adds, random.oneIn(2) {
          let size = random.within(3...Gathering.maxRequestBytes)
          let text = String(repeating: "x", count: size - 1) + "\n"
          let isDue = gathering.add(try Self.request(text), to: targets[number])
          added[number].append(size)
          due[number] += isDue ? 1 : 0
        } else if due[number] > 0, random.oneIn(2) {
          due[number] -= 1
          let sizes = gathering.take(of: targets[number]).map(\.chunk.byteCount)
          try check(sizes.reduce(0, +) <= Gathering.maxBatchBytes, "a batch too large")
          taken[number] += sizes
          if sizes.isEmpty { end(number) } else { onTheirWay[number] += 1 }
        } else if onTheirWay[number] > 0 {
          onTheirWay[number] -= 1
          end(number)
        }
        try check(
          due[number] + onTheirWay[number] <= Gathering.maxBatches, "too many batches at a time")
        try check(
          taken[number] == added[number] || due[number] + onTheirWay[number] > 0,
          "a request is left")
      }
      for _ in 0..<300 { try step(adds: true) }
      while due != [0, 0, 0] || onTheirWay != [0, 0, 0] { try step(adds: false) }
      try checkEqual(taken, added, "requests")
    }
  }

  /// Many connections send one event or a few at a time, some of which are none or come twice. Each is told of its own.
  @Test func eachClientIsToldOfItsOwn() throws {
    let served = try ServedStore()
    let first = #"{"event_id":"first","device_id":"d","timestamp":"2024-01-01T00:00:00Z","t":0}"#
    #expect(try served.post("/v1/streams/s/events", first).status == 200)
    let script = """
      import http.client, json, sys, threading
      faults = []
      def line(id): return json.dumps({"event_id": id, "device_id": "d", "timestamp": "2024-01-01T00:00:00Z", "t": 1})
      def run(client):
          connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
          for round in range(40):
              id = f"{client}-{round}"
              lines = [line(id)]
              wanted = {"accepted": 1, "duplicate_count": 0, "rejected_count": 0}
              if round % 3 == 1:
                  lines += ["nothing"]
                  wanted["rejected_count"] = 1
              if round % 4 == 2:
                  lines = [line(f"{client}-{round - 1}")] + lines
                  wanted["duplicate_count"] = 1
              connection.request("POST", "/v1/streams/s/events", "\\n".join(lines))
              answer = json.loads(connection.getresponse().read())
              told = {name: answer.get(name) for name in wanted}
              places = [one["index"] for one in answer["rejected"]]
              repeated = [one["index"] for one in answer["duplicates"]]
              if told != wanted or answer["first_seq"] != answer["last_seq"]: faults.append((id, answer))
              if places != ([len(lines) - 1] if wanted["rejected_count"] else []): faults.append((id, answer))
              if repeated != ([0] if wanted["duplicate_count"] else []): faults.append((id, answer))
      threads = [threading.Thread(target=run, args=(client,)) for client in range(24)]
      for thread in threads: thread.start()
      for thread in threads: thread.join()
      print(faults[:3])
      """
    let (output, status) = try served.run("python3", ["-c", script, "\(served.port)"])
    #expect(status == 0 && String(decoding: output, as: UTF8.self) == "[]\n")
    #expect(try served.value("SELECT count(*) FROM s") == "961")
  }
}
