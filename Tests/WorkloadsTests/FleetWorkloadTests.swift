import Foundation
import Testing
import Workloads

@Suite struct FleetWorkloadTests {
  @Test func bytesAreTheSameOnAnyMachine() {
    let bytes = FleetWorkload(.init()).firstChunk()
    #expect(bytes.count >= 1 << 20)
    #expect(bytes.last == UInt8(ascii: "\n"))
    #expect(fnv1a(bytes.prefix(1 << 20)) == 0xcd66_7b92_61d5_a0b5)
  }

  @Test func sameOptionsGiveTheSameBytesAndOtherSeedsOthers() {
    let bytes = FleetWorkload.small().rest()
    #expect(bytes == FleetWorkload.small().rest())
    #expect(bytes != FleetWorkload.small { $0.seed = 2 }.rest())
  }

  @Test func defaultCounts() {
    #expect(FleetWorkload(.init()).eventCount == 2_880_000 + 2_880)
    #expect(FleetWorkload.small { $0.hours = 0.7 }.eventCount == 50 * 84 + 4)
  }

  @Test(arguments: [0.0, 0.001, 0.01, 0.7, 0.999, 3])
  func countIsExact(hours: Double) {
    let workload = FleetWorkload.small {
      $0.hours = hours
      $0.lateShare = 0.2
      $0.duplicateShare = 0.1
    }
    let lines = workload.lines()
    #expect(lines.count == workload.eventCount)
    let originals = Int((hours * 3_600_000).rounded()) / 30_000 * 50
    #expect(Set(lines.map(\.eventID)).count == originals)
    #expect(Set(lines).count == originals, "a repeated event has the same bytes")
  }

  @Test func everyDeviceReportsOnceAnInterval() {
    let workload = FleetWorkload.small {
      $0.hours = 1
      $0.intervalMs = 60_000
      $0.duplicateShare = 0
    }
    let places = Set(workload.lines().map { "\($0.device) \($0.timestamp.prefix(16))" })
    #expect(places.count == 50 * 60)
  }

  @Test func devicesKeepTheirSite() {
    let lines = FleetWorkload.small().lines()
    var sites: [Substring: Set<Substring>] = [:]
    for line in lines { sites[line.device, default: []].insert(line.site) }
    #expect(sites.count == 50)
    #expect(sites.values.allSatisfy { $0.count == 1 })
    #expect(Set(sites.values).count == 20)
    #expect(sites["device-00042"] == ["site-03"])
  }

  @Test func sharesAreHeld() {
    let lines = FleetWorkload.small().lines()
    var newest: Substring = ""
    var seen: Set<FleetLineText> = []
    var late = 0
    for line in lines where seen.insert(line).inserted {
      if line.timestamp < newest { late += 1 }
      newest = max(newest, line.timestamp)
    }
    #expect(abs(late - 720) <= 5, "events late at the very end may find no newer one")
    #expect(lines.count - seen.count == 72)
    let ok = lines.count { $0.text.hasSuffix(#""status":"ok"}"#) }
    #expect(abs(Double(ok) / Double(lines.count) - 0.95) < 0.005)
  }

  @Test func withoutLateOrRepeatedEventsTimeRises() {
    let workload = FleetWorkload.small {
      $0.lateShare = 0
      $0.duplicateShare = 0
      $0.intervalMs = 700
      $0.hours = 0.5
    }
    let times = workload.lines().map(\.timestamp)
    #expect(times == times.sorted())
  }

  @Test func linesAreValidJSONWithPlausibleValues() throws {
    let statuses: Set<String> = ["ok", "warning", "error", "offline", "maintenance"]
    let shape =
      #/
      \{"event_id":"[0-9a-f]{16}","device_id":"device-\d{5}","site":"site-\d\d",
      "timestamp":"2024-06-01T\d\d:\d\d:\d\d\.\d{3}Z","temperature":-?\d+\.\d\d,
      "humidity":\d+\.\d,"pressure":\d+\.\d\d,"status":"[a-z]+"\}
      /#
    for line in FleetWorkload.small({ $0.intervalMs = 600_000 }).lines() {
      #expect(line.text.wholeMatch(of: shape) != nil, "\(line.text)")
      let value = try JSONSerialization.jsonObject(with: Data(line.text.utf8))
      let object = try #require(value as? [String: Any])
      #expect((-20...45).contains(try #require(object["temperature"] as? Double)))
      #expect((5...100).contains(try #require(object["humidity"] as? Double)))
      #expect((950...1050).contains(try #require(object["pressure"] as? Double)))
      #expect(statuses.contains(try #require(object["status"] as? String)))
    }
  }

  @Test func largeFleetsHaveSixDigits() {
    let bytes = FleetWorkload.small { $0.devices = 100_001 }.firstChunk()
    let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    #expect(line.contains(/"device_id":"device-\d{6}"/))
  }

  @Test func optionsAreTakenToTheirLimits() {
    let options = FleetWorkload.small {
      $0.devices = -1
      $0.intervalMs = 0
      $0.hours = .nan
      $0.lateShare = .infinity
      $0.duplicateShare = -.infinity
      $0.startMs = .min
    }.options
    #expect(options.devices == 1 && options.intervalMs == 1 && options.hours == 0)
    #expect(options.lateShare == 1 && options.duplicateShare == 0 && options.startMs == 0)
    let greatest = FleetWorkload.small {
      $0.devices = 1
      $0.intervalMs = 1
      $0.hours = .infinity
      $0.duplicateShare = 1
      $0.startMs = .max
    }
    #expect(greatest.eventCount == 7_200_000_000_000)
  }
}
