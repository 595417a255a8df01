import Curl
import Foundation
import Query
import Synchronization
import TestSupport
import Testing

@testable import Server

/// `GET /v1/subscribe`, followed by a client that reads as it comes.
struct LiveTests {
  /// An event as a client gets it.
  struct Event {
    var name: String
    var data: [String: Any]
    var id: UInt64?
  }

  struct Enough: Error {}

  /// Follows until `isEnough` says so of what has come. Throws what the answer's status is, when it is not 200.
  static func follow(
    _ served: ServedStore, _ query: String, after: UInt64? = nil, token: String? = nil,
    _ isEnough: @escaping ([Event]) -> Bool
  ) throws -> [Event] {
    var call = HTTPCall("\(served.url)/v1/subscribe?\(query)")
    if let after { call.headers = [("Last-Event-ID", "\(after)")] }
    if let token { call.headers.append(("Authorization", "Bearer \(token)")) }
    call.timeoutMs = 60_000
    var text = ""
    var events: [Event] = []
    do {
      let head = try HTTPSession().send(call) { head, bytes in
        try #require(head.status == 200, "\(String(decoding: bytes, as: UTF8.self))")
        text += String(decoding: bytes, as: UTF8.self)
        while let end = text.range(of: "\n\n") {
          if let event = try event(of: text[..<end.lowerBound]) { events.append(event) }
          text.removeSubrange(..<end.upperBound)
          if isEnough(events) { throw Enough() }
        }
      }
      #expect(head.status == 200)
    } catch is Enough {}
    return events
  }

  private static func event(of block: Substring) throws -> Event? {
    var event = Event(name: "", data: [:])
    for line in block.split(separator: "\n") {
      if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
      if line.hasPrefix("id: ") { event.id = UInt64(line.dropFirst(4)) }
      if line.hasPrefix("data: ") {
        let value = try JSONSerialization.jsonObject(with: Data(line.dropFirst(6).utf8))
        event.data = try #require(value as? [String: Any])
      }
    }
    return event.name.isEmpty && event.id == nil ? nil : event
  }

  private func served(_ statements: String...) throws -> ServedStore {
    let served = try ServedStore()
    let stream = "DEFINE STREAM m TIME time KEY d DEDUP BY id LATENESS 1m"
    #expect(try served.post("/v1/query", stream).status == 200)
    let first = #"{"id":"0","time":"2024-06-01T00:00:00Z","d":"a","v":1}"#
    #expect(try served.post("/v1/streams/m/events", first).status == 200)
    for statement in statements {
      let reply = try served.post("/v1/query", statement)
      try #require(reply.status == 200, "\(reply.text)")
    }
    return served
  }

  private func document(_ number: Int, minute: Int, _ device: String, _ value: Int) -> String {
    let time = String(
      format: "2024-06-%02dT%02d:%02d:00Z", 1 + minute / 1_440, minute / 60 % 24, minute % 60)
    return #"{"id":"\#(number)","time":"\#(time)","d":"\#(device)","v":\#(value)}"# + "\n"
  }

  @Test func rowsAreToldAsTheyChange() throws {
    let served = try served("DEFINE KPI k AS sum(v) AS s FROM m GROUP BY d EVERY 1h")
    let events = try Self.follow(served, "kpi=k&group.d=b") { events in
      switch events.count {
      case 1:
        // Of two groups one is wanted, and one that ends the hour of both.
        let body =
          document(1, minute: 10, "a", 5) + document(2, minute: 20, "b", 7)
          + document(3, minute: 130, "b", 9)
        return (try? served.post("/v1/streams/m/events", body).status) != 200
      case 3:
        return (try? served.post("/v1/streams/m/events", document(4, minute: 30, "b", 1)).status)
          != 200
      default: return events.count > 3
      }
    }
    try #require(events.map(\.name).first == "open")
    let told = events.dropFirst().map {
      "\($0.name) \($0.data["time"] ?? "") \($0.data["s"] ?? "")"
    }
    #expect(
      told == [
        "final 2024-06-01T00:00:00Z 7", "changed 2024-06-01T02:00:00Z 9",
        "restated 2024-06-01T00:00:00Z 8",
      ])
    #expect(events.dropFirst().allSatisfy { $0.data["d"] as? String == "b" })
    // Each statement is noted in _audit as well, the first one with the settings.
    #expect(events.last?.id == 10)
  }

  /// A client that is cut off again and again, and goes on from what it had, knows in the end what the log has.
  @Test func nothingIsMissedByWhoeverComesAgain() throws {
    let served = try served("DEFINE KPI k AS sum(v) AS s, count(*) AS n FROM m GROUP BY d EVERY 1h")
    let random = Mutex(SeededGenerator(seed: firstSeed))
    let isDone = Atomic<Bool>(false)
    let writer = Thread {
      var minute = 0
      for batch in 0..<60 {
        let body = random.withLock { random in
          (0..<random.within(1...30)).map { row in
            minute += random.below(4)
            let at = max(0, minute - (random.oneIn(8) ? random.below(300) : 0))
            return document(
              batch * 100 + row + 1, minute: at, "d\(random.below(3))", random.below(9))
          }.joined()
        }
        _ = try? served.post("/v1/streams/m/events", body)
      }
      isDone.store(true, ordering: .releasing)
    }
    writer.start()
    var known: [String: String] = [:]
    var position: UInt64 = 1
    var isLast = false
    while true {
      let wasDone = isDone.load(ordering: .acquiring)
      let wanted = random.withLock { $0.within(1...12) }
      let begin = Date()
      let events = try Self.follow(served, "kpi=k", after: position) { events in
        // The last time all is waited for that there is; a beat comes within seconds only when there is nothing.
        events.count > (wasDone ? 2_000 : wanted)
          || wasDone && (events.last?.name == "open" || events.last?.id != nil)
            && Date().timeIntervalSince(begin) > 1
          || wasDone && events.last?.id == (try? served.lastSeq())
      }
      for event in events where event.name != "open" && event.data["time"] != nil {
        let key = "\(event.data["time"] ?? "") \(event.data["d"] ?? "")"
        known[key] =
          "\(event.data["s"] ?? "") \(event.data["n"] ?? "") \(event.data["state"] ?? "")"
      }
      position = events.compactMap(\.id).last ?? position
      if isLast { break }
      isLast = try wasDone && position == served.lastSeq()
    }
    let rows = try served.post("/v1/query?format=ndjson", "SELECT * FROM k").text
    var wanted: [String: String] = [:]
    for line in rows.split(separator: "\n") where !line.contains("_status") {
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      let row = try #require(value as? [String: Any])
      wanted["\(row["time"] ?? "") \(row["d"] ?? "")"] =
        "\(row["s"] ?? "") \(row["n"] ?? "") \(row["state"] ?? "")"
    }
    // The row of the document that was there before has not changed, unless it did.
    for (key, value) in wanted where known[key] != value {
      #expect(
        key.hasPrefix("2024-06-01T00:00:00Z a"),
        "\(key) is \(value), told was \(known[key] ?? "nothing"); NILO_SEED=\(firstSeed)")
    }
  }

  /// Rows that others are held back for are told to whoever comes in between.
  @Test func whoComesWhileRowsAreHeldBackIsToldAll() throws {
    let served = try served("DEFINE KPI k AS count(*) AS n FROM m GROUP BY d EVERY 1h")
    _ = try served.post("/v1/streams/m/events", document(1, minute: 1, "b", 1))
    // One who is there makes the feed hold rows back.
    let watcher = Thread { _ = try? Self.follow(served, "kpi=k") { _ in false } }
    watcher.start()
    while try !served.get("/metrics").text.contains("nilo_subscriptions 1") { usleep(10_000) }
    for round in 0..<8 {
      let first = document(100 * round + 10, minute: 2, "a", 1)
      _ = try served.post("/v1/streams/m/events", first)
      let position = try served.lastSeq()
      let both =
        document(100 * round + 11, minute: 3, "a", 1)
        + document(100 * round + 12, minute: 3, "b", 1)
      _ = try served.post("/v1/streams/m/events", both)
      usleep(UInt32(round) * 10_000)
      var groups: Set<String> = []
      _ = try Self.follow(served, "kpi=k", after: position) { events in
        groups = Set(events.compactMap { $0.data["d"] as? String })
        return groups.isSuperset(of: ["a", "b"])
      }
      #expect(groups.isSuperset(of: ["a", "b"]))
    }
    _ = served.end(SIGKILL)
  }

  /// What was known of another definition is not gone on from.
  @Test func aBreakOverAnotherDefinitionIsAReset() throws {
    let served = try served("DEFINE KPI k AS sum(v) AS s FROM m EVERY 1h")
    for change in [
      ["REDEFINE KPI k AS max(v) AS s FROM m EVERY 1h", "SWITCH KPI k TO VERSION 2"],
      ["DROP KPI k", "DEFINE KPI k AS min(v) AS s FROM m EVERY 1h"],
      ["ALTER STREAM m LATENESS 2m"], ["ALTER STREAM m TIME time KEY d LATENESS 3m"],
    ] {
      let position = try served.lastSeq()
      for statement in change {
        let reply = try served.post("/v1/query", statement)
        try #require(reply.status == 200, "\(reply.text)")
      }
      let events = try Self.follow(served, "kpi=k", after: position) { $0.count == 2 }
      #expect(events.map(\.name) == ["open", "reset"], "\(change)")
      #expect(try events.last?.id == served.lastSeq())
    }
    // All rows of one that was not there are new.
    let events = try Self.follow(served, "kpi=k", after: 1) { $0.count == 2 }
    #expect(events.map(\.name) == ["open", "changed"])
  }

  @Test func aQueryIsFollowedByItsRows() throws {
    let served = try served()
    let query = "query=SELECT%20max(v)%20AS%20most%20FROM%20m%20GROUP%20BY%20d"
    let events = try Self.follow(served, query, after: 0) { events in
      if events.count == 2 {
        _ = try? served.post("/v1/streams/m/events", document(1, minute: 10, "b", 5))
      }
      return events.count > 2
    }
    #expect(events.map(\.name) == ["open", "changed", "changed"])
    #expect(events[1].data["most"] as? Int == 1)
    #expect(events[2].data["most"] as? Int == 5)
    #expect(events[2].id == 5)
  }

  @Test func aKpiThatIsAnotherIsToldSo() throws {
    let served = try served("DEFINE KPI k AS sum(v) AS s FROM m EVERY 1h")
    let events = try Self.follow(served, "kpi=k") { events in
      switch events.last?.name {
      case "open":
        _ = try? served.post("/v1/query", "REDEFINE KPI k AS max(v) AS s FROM m EVERY 1h")
        _ = try? served.post("/v1/query", "SWITCH KPI k TO VERSION 2")
      case "reset": _ = try? served.post("/v1/query", "DROP KPI k")
      default: break
      }
      return false
    }
    #expect(events.map(\.name) == ["open", "reset", "end"])
    #expect("\(events.last?.data["detail"] ?? "")".contains("k"))
  }

  @Test(
    arguments: [
      ("kpi=none", 404), ("kpi=k&group.x=1", 400), ("", 400), ("kpi=k&query=SELECT", 400),
      ("query=SHOW%20STREAMS", 400), ("query=SELECT%20count(*)%20FROM%20m%20LIMIT%201", 400),
      ("kpi=k&after=99", 400), ("kpi=k&after=x", 400), ("query=SELECT%20*%20FROM%20nothing", 400),
    ])
  func whatCannotBeFollowedIsAProblem(query: String, status: Int) throws {
    let served = try served("DEFINE KPI k AS sum(v) AS s FROM m EVERY 1h")
    let reply = try served.get("/v1/subscribe?\(query)")
    #expect(reply.status == status, "\(reply.text)")
    #expect(reply.headers["content-type"] == "application/problem+json")
  }

  @Test func theirNumberIsBoundedAndTheyDoNotKeepTheServer() throws {
    let served = try ServedStore(["--set", "limits.subscriptions=1"])
    _ = try served.post("/v1/streams/m/events", document(1, minute: 1, "a", 1))
    let query = "query=SELECT%20count(*)%20FROM%20m"
    let statuses = Mutex<[Int]>([])
    let events = try Self.follow(served, query) { _ in
      let status = (try? served.get("/v1/subscribe?\(query)").status) ?? 0
      statuses.withLock { $0.append(status) }
      return true
    }
    #expect(events.count == 1)
    #expect(statuses.withLock { $0 } == [429])
    // That the first one has left is noticed within a second.
    while try !served.get("/metrics").text.contains("nilo_subscriptions 0") { usleep(20_000) }
    let ended = Mutex<Int32?>(nil)
    let begin = Date()
    _ = try Self.follow(served, query) { _ in
      Thread {
        let status = served.end()
        ended.withLock { $0 = status }
      }.start()
      return false
    }
    while ended.withLock({ $0 }) == nil, Date().timeIntervalSince(begin) < 30 { usleep(10_000) }
    #expect(ended.withLock { $0 } == 0)
  }

  /// Groups are picked as those of rows are: one of several labels, and none for an empty value.
  @Test(arguments: [
    ("d=a", ["a"]), ("d=a&group.d=b", ["a", "b"]), ("d=", [nil]), ("d=&group.d=b", ["b", nil]),
  ])
  func groupsArePickedAsForRows(wanted: String, told: [String?]) throws {
    let served = try served("DEFINE KPI k AS count(*) AS n FROM m GROUP BY d EVERY 1h")
    let none = #"{"id":"9","time":"2024-06-01T00:02:00Z","v":1}"# + "\n"
    _ = try served.post("/v1/streams/m/events", document(1, minute: 1, "b", 1) + none)
    let events = try Self.follow(served, "kpi=k&group.\(wanted)", after: 0) { $0.last?.id ?? 0 > 0 }
    #expect(Set(events.dropFirst().map { $0.data["d"] as? String }) == Set(told))
  }

  /// An answer of which only the head is asked for follows nothing.
  @Test func headsTakeNoPlace() throws {
    let served = try ServedStore(["--set", "limits.subscriptions=2"])
    _ = try served.post("/v1/streams/m/events", document(1, minute: 1, "a", 1))
    let path = "/v1/subscribe?query=SELECT%20count(*)%20FROM%20m"
    for _ in 0..<5 { #expect(try served.ask("HEAD", path).status == 200) }
    #expect(try served.get("/metrics").text.contains("nilo_subscriptions 0"))
  }

  @Test func rowsAreHeldBackForAMoment() {
    var pacing = RowPacing(interval: .milliseconds(100))
    let begin = ContinuousClock.now
    func row(_ kind: ChangedRows.Kind, _ value: UInt8, _ group: String = "a") -> LiveRow {
      LiveRow(kind: kind, key: .init(timeNs: 0, group: [.init(group)]), json: [value])
    }
    func values(_ rows: [LiveRow]) -> [UInt8] { rows.flatMap(\.json) }
    #expect(values(pacing.due([row(.changed, 1)], since: 1, at: begin)) == [1])
    #expect(pacing.firstUntold == nil)
    let soon = begin + .milliseconds(20)
    #expect(
      values(pacing.due([row(.changed, 2), row(.changed, 3, "b")], since: 2, at: soon)) == [3])
    #expect(pacing.firstUntold == 2)
    #expect(values(pacing.due([row(.changed, 4)], since: 3, at: soon)).isEmpty)
    #expect(pacing.firstUntold == 2)
    // The last value, once it is due.
    #expect(values(pacing.due([], since: 4, at: begin + .milliseconds(100))) == [4])
    #expect(pacing.firstUntold == nil && pacing.isEmpty)
    // What is final is not held back, and takes the place of what was.
    let later = begin + .milliseconds(110)
    #expect(values(pacing.due([row(.changed, 5)], since: 5, at: later)).isEmpty)
    #expect(values(pacing.due([row(.final, 6)], since: 6, at: later)) == [6])
    #expect(pacing.isEmpty)
  }
}

extension ServedStore {
  /// The last event of the log.
  fileprivate func lastSeq() throws -> UInt64 {
    let streams = try get("/v1/streams").json()
    return try #require(streams["as_of_seq"] as? NSNumber).uint64Value
  }
}
