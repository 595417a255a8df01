import Foundation
import Language
import Model
import Query
import Store
import TestSupport
import Testing

@testable import Server

/// Alerts are judged when buckets are final, and again when events come late.
@Suite struct AlertTests {
  private static let alert =
    "DEFINE ALERT hot ON SELECT max(v) AS high FROM m GROUP BY d EVERY 1h HAVING high > 40 "

  /// A device's value at a minute of 2024-06-01.
  private static func event(_ device: String, _ time: String, _ value: Int) -> String {
    "{\"d\":\"\(device)\",\"timestamp\":\"2024-06-01T\(time):00Z\",\"v\":\(value)}"
  }

  private func append(_ plant: TestPlant, _ events: (String, String, Int)...) throws {
    _ = try plant.store.append(events.map { Self.event($0.0, $0.1, $0.2) }, to: "m")
  }

  @Test func states() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:10", 50))
    _ = try plant.ask(Self.alert + "FOR 2 BUCKETS NOTIFY webhook('http://127.0.0.1:9/in')")
    let watch = AlertWatch(plant.store, limits: QueryLimits())
    try watch.judge(after: 0)
    #expect(try plant.alerts() == [])
    // Nothing is final since it was defined, so nothing is known to be well.
    #expect(try plant.rows("SHOW ALERTS").map { $0[3] } == ["not judged yet"])
    // An hour is final a minute after its end.
    try append(plant, ("b", "01:00", 3))
    try watch.judge(after: 0)
    #expect(try plant.alerts() == [])
    try append(plant, ("a", "01:01", 60))
    try watch.judge(after: 0)
    #expect(try plant.alerts() == ["change a 00:00 pending"])
    #expect(try plant.untold == 0)
    try append(plant, ("b", "02:30", 41))
    try watch.judge(after: 0)
    #expect(try plant.alerts().last == "change a 01:00 firing")
    #expect(try plant.untold == 1)
    try append(plant, ("b", "05:30", 1))
    try watch.judge(after: 0)
    // Of both there is nothing after: three hours are judged at once.
    #expect(
      try plant.alerts().suffix(3) == [
        "change a 02:00 resolved", "change b 02:00 pending", "change b 03:00 resolved",
      ])
    // That a has fired, and has resolved; b was never more than pending.
    #expect(try plant.untold == 2)
    let shown = try plant.rows("SHOW ALERTS")
    #expect(shown.map { Array($0[..<4]) } == [["hot", "1", "", "resolved"]])
    #expect(
      try plant.facts(
        "SELECT labels.d, state, values.high FROM _alerts WHERE state = 'firing' LIMIT 9")
        == [["a", "firing", "60"]])
  }

  /// A late event changes what was found: that is a correction, and what was recorded stays.
  @Test func corrections() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:00", 1))
    _ = try plant.ask(Self.alert + "NOTIFY webhook('http://127.0.0.1:9/in')")
    let watch = AlertWatch(plant.store, limits: QueryLimits())
    try append(plant, ("a", "00:10", 50), ("a", "05:30", 1))
    try watch.judge(after: 0)
    #expect(try plant.alerts() == ["change a 00:00 firing", "change a 01:00 resolved"])
    try append(plant, ("a", "02:10", 70), ("b", "04:10", 70))
    try watch.judge(after: 0)
    #expect(
      try plant.alerts().dropFirst(2) == [
        "correction a 02:00 firing before resolved until 03:00",
        // Of the last hour that was judged it is so from then on.
        "correction b 04:00 firing before resolved",
      ])
    #expect(try plant.rows("SHOW ALERTS").map { $0[2] } == [#"{"d":"b"}"#])
    try append(plant, ("b", "06:30", 1))
    try watch.judge(after: 0)
    #expect(try plant.alerts().last == "change b 05:00 resolved")
  }

  /// What was judged is not judged again, or gives the same: whatever the observer is told again.
  @Test func restarts() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:00", 1))
    _ = try plant.ask(Self.alert + "NOTIFY webhook('http://127.0.0.1:9/in')")
    let defined = try plant.store.snapshot().lastSeq
    for hour in 0..<6 {
      try append(plant, ("a", "0\(hour):10", hour.isMultiple(of: 2) ? 50 : 30))
      try AlertWatch(plant.store, limits: QueryLimits())
        .judge(after: try plant.store.snapshot().lastSeq - 1)
    }
    let found = try plant.alerts()
    #expect(
      found == (0..<5).map { "change a 0\($0):00 \($0.isMultiple(of: 2) ? "firing" : "resolved")" })
    try plant.reopen()
    for seq in [0, defined, defined + 3] {
      try AlertWatch(plant.store, limits: QueryLimits()).judge(after: seq)
    }
    #expect(try plant.alerts() == found)
  }

  /// A condition that holds counts before its bucket is final; what was found then is corrected, or is so.
  @Test func early() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:00", 1))
    _ = try plant.ask(
      Self.alert.replacing("max(v)", with: "avg(v)")
        + "EARLY NOTIFY webhook('http://127.0.0.1:9/in')")
    let watch = AlertWatch(plant.store, limits: QueryLimits())
    func judge(_ events: (String, String, Int)..., found: [String], untold: Int) throws {
      let before = try plant.alerts().count
      for event in events { try append(plant, event) }
      try watch.judge(after: 0)
      #expect(try plant.alerts().dropFirst(before) == found[...], "\(events)")
      #expect(try plant.untold == untold, "\(events)")
    }
    try judge(("a", "01:10", 50), found: ["early a 01:00 firing"], untold: 1)
    #expect(
      try plant.rows("SHOW ALERTS").map { Array($0[2...5]) }
        == [[#"{"d":"a"}"#, "firing", "2024-06-01T01:00:00Z", "true"]])
    try judge(("a", "01:20", 60), found: [], untold: 1)
    // Who was told early is not told again.
    try judge(("a", "02:10", 1), found: ["change a 01:00 firing"], untold: 1)
    #expect(try plant.rows("SHOW ALERTS").map { $0[5] } == ["false"])
    // That it holds no more says nothing before the hour is over.
    try judge(
      ("a", "03:10", 50), ("b", "03:10", 70),
      found: ["change a 02:00 resolved", "early a 03:00 firing", "early b 03:00 firing"], untold: 4)
    try judge(("a", "03:20", 10), found: [], untold: 4)
    try judge(
      ("a", "04:10", 50),
      found: [
        "correction a 03:00 resolved before firing until 04:00", "early a 04:00 firing",
        "change b 03:00 firing",
      ], untold: 6)
    // It is not raised to what it is already, and it falls when the hour is over.
    try judge(
      ("b", "05:10", 90),
      found: [
        "change a 04:00 firing", "change b 04:00 resolved",
        "early b 05:00 firing",
      ], untold: 8)
    // The same is found again after a restart.
    let found = try plant.alerts()
    try plant.reopen()
    for seq in [0, try plant.store.snapshot().lastSeq] as [UInt64] {
      try AlertWatch(plant.store, limits: QueryLimits()).judge(after: seq)
    }
    #expect(try plant.alerts() == found)
  }

  /// A late event may make a state so that was found early, without a change where it was found.
  @Test func earlyIsConfirmed() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:00", 1))
    _ = try plant.ask(
      Self.alert + "FOR 2 BUCKETS EARLY NOTIFY webhook('http://127.0.0.1:9/in')")
    let watch = AlertWatch(plant.store, limits: QueryLimits())
    for event in [
      ("a", "01:10", 50), ("a", "02:10", 50), ("a", "00:10", 50), ("a", "03:10", 3),
    ] {
      try append(plant, event)
      try watch.judge(after: 0)
    }
    #expect(
      try plant.alerts() == [
        "early a 01:00 pending", "change a 01:00 pending", "early a 02:00 firing",
        "correction a 00:00 pending before resolved until 01:00",
        "correction a 01:00 firing before pending", "confirmed a 02:00 firing",
      ])
    #expect(try plant.alerts().count == 6)
  }

  /// Whatever comes in which order, with corrections the states are those that the log gives in the end.
  @Test(arguments: [false, true]) func againstTheWhole(_ isEarly: Bool) throws {
    let aggregate = isEarly ? "avg(v)" : "max(v)"
    rounds(8) { random in
      let plant = try TestPlant(TestClock("2024-06-03T12:00:00Z"))
      try append(plant, ("a", "00:00", 1))
      let needed = random.within(1...3)
      _ = try plant.ask(
        Self.alert.replacing("max(v)", with: aggregate) + "FOR \(needed) BUCKETS "
          + "\(isEarly ? "EARLY" : "") NOTIFY webhook('http://127.0.0.1:9/in')")
      let watch = AlertWatch(plant.store, limits: QueryLimits())
      var minute = 0
      for _ in 0..<40 {
        minute += random.within(0...45)
        let events = (0..<random.within(1...3)).map { _ in
          // One of four comes up to eight hours late.
          let back = random.oneIn(4) ? random.within(0...480) : 0
          let time = TestClock.start + Int64(max(0, minute - back)) * 60_000_000_000
          return "{\"d\":\"\(random.pick(["a", "b"]))\",\"timestamp\":\""
            + "\(Timestamp(ns: time))\",\"v\":\(random.within(20...55))}"
        }
        _ = try plant.store.append(events, to: "m")
        if random.oneIn(2) { try watch.judge(after: 0) }
      }
      try watch.judge(after: 0)
      try Self.compare(plant, aggregate, needed: needed)
    }
  }

  /// Hour by hour, with what the log has now.
  private static func compare(_ plant: TestPlant, _ aggregate: String, needed: Int) throws {
    let ledger = try plant.store.alertLedgers().values.first
    let rows = try plant.rows(
      "SELECT \(aggregate) AS high FROM m GROUP BY d EVERY 1h SINCE '2024-06-01' ONLY FINAL")
    let lastHour = rows.compactMap { Timestamp($0[0])?.ns }.max() ?? TestClock.start
    for device in ["a", "b"] {
      var count = 0
      var state = AlertInfo.State.resolved
      for hour in stride(from: TestClock.start, through: lastHour, by: Int(TestClock.hourNs)) {
        let time = Timestamp(ns: hour).description
        let row = rows.first { $0[0] == time && $0[1] == device }
        let isHeld = row.flatMap { Double($0[2]) }.map { $0 > 40 } ?? false
        count = isHeld ? count + 1 : 0
        state = !isHeld ? .resolved : state == .firing || count >= needed ? .firing : .pending
        let found = ledger?.groups["{\"d\":\"\(device)\"}"]?.state(at: hour) ?? .resolved
        try checkEqual(found, state, "\(device) at \(time)")
      }
      // What was found early is settled where the hour is final.
      let open = ledger?.early["{\"d\":\"\(device)\"}"]?.open ?? []
      let isFinal = { ns in
        rows.contains { $0[0] == Timestamp(ns: ns).description && $0[1] == device }
      }
      try checkEqual(open.filter(isFinal), [], "\(device)")
    }
  }

  /// What cannot be judged is noted once, and that it can be again.
  @Test func failures() throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:00", 1))
    _ = try plant.ask("DEFINE KPI k AS max(v) AS high FROM m GROUP BY d EVERY 1h")
    _ = try plant.ask(
      "DEFINE ALERT hot ON SELECT high FROM k GROUP BY d EVERY 1h HAVING high > 40 "
        + "NOTIFY webhook('http://127.0.0.1:9/in')")
    let watch = AlertWatch(plant.store, limits: QueryLimits())
    _ = try plant.ask("DROP KPI k")
    for minute in ["01:10", "02:10"] {
      try append(plant, ("a", minute, 50))
      try watch.judge(after: 0)
    }
    #expect(try plant.alerts() == ["failed"])
    #expect(try plant.rows("SHOW ALERTS").first?[8].contains("there is no stream or KPI k") == true)
    _ = try plant.ask("DEFINE KPI k AS max(v) AS high FROM m GROUP BY d EVERY 1h")
    try append(plant, ("a", "05:10", 50))
    try watch.judge(after: 0)
    try append(plant, ("a", "07:10", 50))
    try watch.judge(after: 0)
    // The hour that was final while it failed is passed over.
    #expect(
      try plant.alerts() == [
        "failed", "change a 02:00 firing", "change a 03:00 resolved", "recovered",
        "change a 05:00 firing", "change a 06:00 resolved",
      ])
    #expect(try plant.rows("SHOW ALERTS").first?[8] == "")
  }

  @Test(
    arguments: [
      ("SELECT max(x) FROM m EVERY 1h HAVING max(x) > 1 NOTIFY webhook('http://a')", "no field x"),
      (
        "SELECT max(v) FROM m EVERY 1h HAVING max(v) > 1 FOR 0 BUCKETS NOTIFY webhook('http://a')",
        "1 to"
      ),
      ("SELECT max(v) FROM m EVERY 1h HAVING max(v) > 1 NOTIFY stream('a')", "tells a webhook"),
      (
        "SELECT max(v) FROM m EVERY 1h HAVING max(v) > $x NOTIFY webhook('http://a')",
        "has no value"
      ),
    ])
  func refusals(_ definition: String, _ message: String) throws {
    let plant = try TestPlant(TestClock("2024-06-01T12:00:00Z"))
    try append(plant, ("a", "00:00", 1))
    let error = #expect(throws: LanguageError.self) {
      try plant.ask("DEFINE ALERT a ON \(definition)")
    }
    #expect(error?.description.contains(message) == true, "\(error.map { "\($0)" } ?? "")")
  }
}

extension TestPlant {
  /// What `_alerts` has: the kind, the device, the bucket's hour, the state, and of a correction the state before and its end.
  func alerts() throws -> [String] {
    var found: [String] = []
    try store.forEachEvent(of: "_alerts") { event in
      let object =
        try JSONSerialization.jsonObject(with: Data(event.bytes)) as? [String: Any] ?? [:]
      func hour(_ field: String) -> String? {
        (object[field] as? String).map { String($0.dropFirst(11).prefix(5)) }
      }
      let isOfState = object["state"] != nil
      var parts = [object["kind"] as? String ?? ""]
      if isOfState {
        parts += [
          (object["labels"] as? [String: String])?["d"], hour("bucket"), object["state"] as? String,
        ]
        .compactMap(\.self)
      }
      if object["kind"] as? String == "correction" {
        parts.append("before \(object["before"] ?? "")")
        if let until = hour("until") { parts.append("until \(until)") }
      }
      found.append(parts.joined(separator: " "))
      return true
    }
    return found
  }
}
