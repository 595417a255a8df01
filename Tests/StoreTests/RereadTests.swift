import EventLog
import Foundation
import Model
import Query
import Synchronization
import Testing

@testable import Store

/// Streams whose facts are read anew: they answer as those that were so from the beginning.
@Suite struct RereadTests {
  let directory = TemporaryDirectory()

  /// 2024-06-01T00:00:00Z
  static let startNs: Int64 = 1_717_200_000_000_000_000
  static let secondNs: Int64 = 1_000_000_000

  /// A store whose wall clock is set by the test.
  final class ClockedStore {
    private final class Clock: Sendable { let ns = Mutex(startNs) }

    private let directory = TemporaryDirectory()
    private let clock = Clock()
    private(set) var store: Store

    init() throws { store = try Self.open(directory, clock) }

    private static func open(_ directory: TemporaryDirectory, _ clock: Clock) throws -> Store {
      try Store(directory: directory.path, clock: { clock.ns.withLock { $0 } })
    }

    func set(_ ns: Int64) { clock.ns.withLock { $0 = ns } }

    func reopen() throws {
      store.close()
      store = try Self.open(directory, clock)
    }

    deinit { store.close() }
  }

  /// What is done to a store, the same with all.
  enum Step {
    case append([String], source: String)
    case close(source: String)
    case compact
    case define(name: String, select: String)
    case alter
  }

  static func mapping(_ random: inout SeededGenerator) -> @Sendable (inout StreamDefinition) -> Void
  {
    let time = Int.random(in: 0..<8, using: &random)
    let explode = Int.random(in: 0..<4, using: &random)
    return { definition in
      (definition.timeZone, definition.timeUnit, definition.timeFormat) = (nil, nil, nil)
      (definition.explodePath, definition.elementTimePath) = (nil, nil)
      switch time {
      case 0: (definition.timePath, definition.timeZone) = ("ts", "Europe/Paris")
      case 1: (definition.timePath, definition.timeZone) = ("ts", "America/New_York")
      case 2: (definition.timePath, definition.timeUnit) = ("at", .seconds)
      case 3: (definition.timePath, definition.timeUnit) = ("at", .milliseconds)
      case 4:
        (definition.timePath, definition.timeZone) = ("day", "UTC")
        definition.timeFormat = "%d.%m.%Y %H:%M:%S"
      case 5: definition.timePath = "meta.z"
      default: definition.timePath = "at"
      }
      if explode > 0 { definition.explodePath = "r" }
      if explode > 1, time != 4 { definition.elementTimePath = "r.t" }
      if explode == 3, time == 7 { definition.timePath = "r.t" }
    }
  }

  static func document(_ id: Int, _ timeNs: Int64, _ random: inout SeededGenerator) -> String {
    let time = "\(Timestamp(ns: timeNs / secondNs * secondNs))"
    let (date, clock) = (time.prefix(10), time.dropFirst(11).prefix(8))
    let parts = date.split(separator: "-")
    let at = timeNs / secondNs + Int64.random(in: -4_000...4_000, using: &random)
    let elements = (0..<Int.random(in: 1...3, using: &random)).map { number in
      let own = at + Int64.random(in: -900...900, using: &random)
      return number == 0 || Bool.random(using: &random)
        ? #"{"n":\#(number),"t":\#(own)}"# : #"{"n":\#(number)}"#
    }
    let extra =
      Bool.random(using: &random) ? #","x":\#(Int.random(in: 0..<9, using: &random))"# : ""
    return #"{"ts":"\#(date) \#(clock)","at":\#(at),"day":"\#(parts[2]).\#(parts[1]).\#(parts[0]) "#
      + #"\#(clock)","meta":{"z":\#(at * 1_000 + 17)},"device_id":"d\#(id % 3)","event_id":\#(id),"#
      + #""v":\#(id * 7 % 100),"r":[\#(elements.joined(separator: ","))]\#(extra)}"#
  }

  static func steps(_ random: inout SeededGenerator) -> [(nowNs: Int64, step: Step)] {
    var steps: [(Int64, Step)] = []
    var (nowNs, id, sent) = (startNs, 0, [String]())
    let count = Int.random(in: 4..<50, using: &random)
    let altered = Int.random(in: 0...count, using: &random)
    // A replay of long ago, or events as they come.
    let behindNs = Bool.random(using: &random) ? 0 : 900 * 86_400 * secondNs
    // Each source has an event that counts by all mappings: none without one is closed.
    for source in ["a", "b", "c"] {
      id += 1
      let oldNs = startNs - 1_000 * 86_400 * secondNs
      steps.append((nowNs, .append([document(id, oldNs, &random)], source: source)))
    }
    for round in 0...count {
      nowNs += Int64.random(in: 1...600, using: &random) * secondNs
      if round == altered { steps.append((nowNs, .alter)) }
      let source = ["a", "b", "c"].randomElement(using: &random)!
      switch Int.random(in: 0..<12, using: &random) {
      case 0: steps.append((nowNs, .close(source: source)))
      case 1: steps.append((nowNs, .compact))
      case 2:
        let select = "count(*) AS c, sum(v) AS s, last(v) AS l, increase(v) AS i"
        steps.append((nowNs, .define(name: "k\(round)", select: select)))
      default:
        let size = Int.random(in: 1...12, using: &random)
        var documents = (0..<size).map { _ in
          id += 1
          // Now and then a clock that is far ahead or behind.
          let spread: Int64 = Int.random(in: 0..<15, using: &random) == 0 ? 2_000_000 : 3_000
          let jitter = Int64.random(in: -spread...spread, using: &random)
          return document(id, nowNs - behindNs + jitter * secondNs, &random)
        }
        documents += sent.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
        sent += documents
        steps.append((nowNs, .append(documents, source: source)))
      }
    }
    return steps
  }

  /// Runs the steps in two stores, of which one is altered and the other is so from the beginning.
  @Test(arguments: 0..<(12 * testRounds)) func asIfItHadAlwaysBeenSo(_ round: Int) throws {
    var random = SeededGenerator()
    let steps = Self.steps(&random)
    let (before, after) = (Self.mapping(&random), Self.mapping(&random))
    let (altered, straight) = (try ClockedStore(), try ClockedStore())
    let comment: Comment = "seed \(random.seed)"
    for (clocked, mapping) in [(altered, before), (straight, after)] {
      var definition = StreamDefinition(name: "s", timePath: "at")
      definition.keyPath = "device_id"
      definition.idPaths = ["event_id"]
      mapping(&definition)
      try clocked.store.define(definition)
    }
    var isAltered = false
    for (nowNs, step) in steps {
      altered.set(nowNs)
      straight.set(nowNs)
      if case .alter = step {
        isAltered = true
        let same = try altered.store.alterStream("s", after)
        // The other store gets an event of the catalogue as well, that of an alteration which changes nothing.
        if same.version > 1 {
          try straight.store.log.record(actor: "test") { _ in
            Array(#"{"timestamp":"2024-06-01T00:00:00Z","change":"none","name":"s"}"#.utf8)
          }
        }
        if Bool.random(using: &random) { try altered.reopen() }
        continue
      }
      let results = try [altered, straight].map { try Self.run(step, $0.store) }
      if isAltered { #expect(results[0] == results[1], comment) }
      // A closing that only one of them has on record makes them different for good.
      let seqs = try [altered, straight].map { try $0.store.statistics().lastSeq }
      #expect(seqs[0] == seqs[1], comment)
      if seqs[0] != seqs[1] { return }
    }
    for isReopened in [false, true] {
      if isReopened {
        try altered.reopen()
        try straight.reopen()
      }
      try Self.compare(altered.store, straight.store, comment)
      if isReopened { continue }
      #expect(try altered.store.check().damages == [], comment)
      let reports = try altered.store.projections.rebuild(named: [], verify: true)
      #expect(reports.allSatisfy { $0.differences.isEmpty && $0.isFilled }, comment)
    }
  }

  private func count(_ store: Store, asOf seq: UInt64? = nil) throws -> String {
    let asOf = seq.map { " AS OF SEQ \($0)" } ?? ""
    let answer = try QueryEngine(store).run(
      "SELECT count(*), max(v) FROM s\(asOf)", QueryOptions(nowNs: Self.startNs))[0]
    return "\(answer.columns.map(\.values))"
  }

  @Test func aRefusalChangesNothing() throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let documents = (0..<40).map {
      #"{"ts":\#(1_717_200_000 + $0),"at":\#($0 == 30 ? "\"x\"" : "1717200000"),"event_id":\#($0),"v":1}"#
    }
    for document in documents { _ = try store.append([document], to: "s") }
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", every: "1h"), actor: "test")
    let before = try store.statistics()
    for _ in 0..<2 {
      let error = #expect(throws: StreamAlterationError.self) {
        try store.alterStream("s") { $0.timePath = "at" }
      }
      let text = error?.description ?? ""
      #expect(text.contains("the first is seq 32: ") && text.contains(#""at" is "x""#), "\(text)")
      let after = try store.statistics()
      #expect(after.lastSeq == before.lastSeq)
      #expect(after.streams[0].totals == before.streams[0].totals)
      #expect(after.streams[0].definition == before.streams[0].definition)
      #expect(try store.projections.list().allSatisfy { $0.progress == nil })
    }
    #expect(try store.append(documents, to: "s").accepted == 0)
    #expect(try store.append([#"{"ts":1717200100,"event_id":99}"#], to: "s").accepted == 1)
    #expect(try store.check().isSound)
  }

  /// Facts as of before are not there, and the log still knows all else of then.
  @Test func factsOfBeforeCannotBeAsked() throws {
    var store = try Store(directory: directory.path)
    defer { store.close() }
    for number in 0..<4 {
      _ = try store.append(
        [#"{"ts":\#(1_717_200_000 + number),"at":\#(1_717_300_000 - number),"v":\#(number)}"#],
        to: "s")
    }
    _ = try count(store, asOf: 3)
    try store.alterStream("s") { $0.timePath = "at" }
    _ = try store.append([#"{"ts":1717200000,"at":1717200000,"v":9}"#], to: "s")
    try store.alterStream("s") { $0.latenessNs = 0 }
    for isReopened in [false, true] {
      if isReopened {
        store.close()
        store = try Store(directory: directory.path)
      }
      for seq in [1, 3, 5] as [UInt64] {
        let error = #expect(throws: FactsOfBeforeError.self) { try count(store, asOf: seq) }
        #expect(error?.sinceSeq == 6)
      }
      #expect(try count(store, asOf: 6) != count(store, asOf: 7))
      #expect(try count(store, asOf: 7) == count(store))
      #expect(store.log.stream(named: "s")?.definition.factsSinceSeq == 6)
      #expect(try store.documents(of: "s", seqs: 1...4).count == 3)
    }
    #expect(try store.check().isSound)
    let last = try count(store)
    store.close()
    store = try Store(directory: directory.path, mode: .readOnly)
    #expect(throws: FactsOfBeforeError.self) { try count(store, asOf: 5) }
    #expect(try count(store) == last)
  }

  /// Another reading by which all times are what they were changes the definition, and nothing else.
  @Test func aReadingThatGivesTheSameTimesKeepsAll() throws {
    var store = try Store(directory: directory.path)
    defer { store.close() }
    func append(_ numbers: Range<Int>, zone: String) throws {
      for number in numbers {
        let minute = String(number + 100).dropFirst()
        let result = try store.append(
          [#"{"ts":"2024-06-01T00:\#(minute):00\#(zone)","v":\#(number)}"#], to: "s")
        #expect(result.accepted == 1)
      }
    }
    try append(0..<40, zone: "Z")
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", every: "1h"), actor: "test")
    let before = try (0...42).map { try count(store, asOf: UInt64($0)) }
    let totals = try store.statistics().streams[0].totals
    try store.alterStream("s") { $0.timeZone = "Europe/Paris" }
    let altered = try store.statistics().streams[0]
    #expect(altered.definition.version == 2 && altered.definition.factsSinceSeq == nil)
    #expect(altered.totals == totals)
    #expect(try store.projections.list().allSatisfy { $0.progress == nil })
    // From now on it reads what it could not, and what is merged is read as it was.
    try append(40..<50, zone: "")
    try store.log.compact()
    for isReopened in [false, true] {
      if isReopened {
        store.close()
        store = try Store(directory: directory.path)
      }
      #expect(try (0...42).map { try count(store, asOf: UInt64($0)) } == before)
      #expect(try store.statistics().streams[0].definition.timeZone == "Europe/Paris")
      #expect(try store.check().damages == [])
      let reports = try store.projections.rebuild(named: [], verify: true)
      #expect(reports.allSatisfy { $0.differences.isEmpty && $0.isFilled })
    }
    // Now some times follow from the zone.
    try store.alterStream("s") { $0.timeZone = "UTC" }
    #expect(try store.statistics().streams[0].definition.factsSinceSeq == 54)
    #expect(throws: FactsOfBeforeError.self) { try count(store, asOf: 5) }
    #expect(try store.check().damages == [])
  }

  /// Readers and writers beside alterations see one mapping or the other.
  @Test func alterationsBesideOthers() async throws {
    let store = try Store(directory: directory.path)
    defer { store.close() }
    func event(_ number: Int) -> String {
      #"{"ts":\#(1_717_200_000 + number),"at":\#(1_617_200_000 + number),"event_id":\#(number),"v":1,"#
        + #""r":[{"n":1},{"n":2}]}"#
    }
    for number in 0..<300 { _ = try store.append([event(number)], to: "s") }
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", every: "1h"), actor: "test")
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for number in 300..<500 {
          _ = try store.append([event(number)], to: "s")
        }
      }
      group.addTask {
        var rest = (500..<900)[...]
        let summary = try store.ingest(into: "s", source: "pipe") {
          if rest.isEmpty { return nil }
          let documents = rest.prefix(3).map(event)
          rest = rest.dropFirst(3)
          return { DocumentBatch(of: documents) }
        }
        #expect(summary.accepted == 400)
      }
      group.addTask {
        for round in 0..<10 {
          try store.alterStream("s") {
            $0.timePath = round % 2 == 0 ? "at" : "ts"
            $0.explodePath = round % 3 == 0 ? "r" : nil
          }
        }
      }
      group.addTask { for _ in 0..<10 { try store.log.compact() } }
      for _ in 0..<2 {
        group.addTask {
          for _ in 0..<100 {
            do {
              let answers = try QueryEngine(store).run(
                "SELECT count(*), sum(v) FROM s; SELECT v FROM s LIMIT 100000",
                QueryOptions(nowNs: Self.startNs))
              guard case .numbers(let counts) = answers[0].columns[0].values else { continue }
              #expect(counts.allSatisfy { $0 >= 300 })
            } catch is FactsReadAnewError {
              // Altered while it was read.
            } catch is FactsOfBeforeError {
              // Altered after the statement's snapshot.
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try store.statistics().streams[0].totals.events == 900)
    #expect(try store.documents(of: "s").sorted() == (0..<900).map(event).sorted())
    #expect(try store.check().damages == [])
    #expect(
      try store.projections.rebuild(named: [], verify: true).allSatisfy {
        $0.differences.isEmpty && $0.isFilled
      })
  }

  /// What became of documents, if the step brings some.
  private static func run(_ step: Step, _ store: Store) throws -> String? {
    switch step {
    case .append(let documents, let source):
      let result = try store.append(documents, to: "s", source: source)
      // Each stream hashes documents with a key of its own.
      let duplicates = result.duplicates.map { "\($0.position) \($0.firstSeq) \($0.isDifferent)" }
      #expect(result.rejected.map(\.reason) == [])
      return "\(result.accepted) \(duplicates) \(result.late) \(result.ahead)"
    case .close(let source):
      if let stream = store.log.stream(named: "s") {
        try store.log.closeSources([source], of: stream)
      }
    case .compact: try store.log.compact()
    case .define(let name, let select):
      try store.projections.define(
        KpiDefinition(name: name, stream: "s", select: select, every: "1h"), actor: "test")
    case .alter: break
    }
    return nil
  }

  private static func compare(_ one: Store, _ other: Store, _ comment: Comment) throws {
    let stores = [one, other]
    let streams = try stores.map { try #require(try $0.statistics().streams.first) }
    func same<T: Equatable>(_ what: String, _ values: [T]) {
      let isSame = values[0] == values[1]
      #expect(isSame, "\(comment): \(what): \("\(values)".prefix(2_000))")
    }
    same("events", streams.map(\.totals.events))
    same("facts", streams.map(\.totals.facts))
    same("bytes", streams.map(\.totals.originalBytes))
    same("duplicates", streams.map(\.totals.duplicates))
    same("least time", streams.map(\.totals.minTimeNs))
    same("greatest time", streams.map(\.totals.maxTimeNs))
    same("sources", try stores.map { try $0.log.sources(ofStream: "s").map { "\($0)" } })
    same("fields", streams.map { $0.columns.map { "\($0)" } })
    let last = try one.statistics().lastSeq
    same("last seq", try stores.map { try $0.statistics().lastSeq })
    same(
      "watermarks",
      try stores.map { store in
        try store.log.environment.read { transaction in
          let stream = try store.log.stream(named: "s", transaction)
          return try (1...last).map {
            try store.log.watermarkNs(of: stream, asOf: $0, transaction)
          }
        }
      })
    same(
      "documents",
      try stores.map { store in
        var events: [LogEvent] = []
        try store.forEachEvent(of: "s") {
          events.append($0)
          return true
        }
        return events
      })
    let names = try one.projections.list().map(\.definition.name)
    let hasElements = streams[0].definition.explodePath != nil
    var questions = [
      "SELECT v, device_id, x\(hasElements ? ", r.n" : "") FROM s LIMIT 100000",
      "SELECT count(*), sum(v), rate(v), max(x) FROM s GROUP BY device_id EVERY 30m",
    ]
    questions += names.map { "SELECT *, facts, revision FROM \($0)" }
    for text in questions where streams[0].totals.events > 0 {
      let answers = try stores.map { store in
        let answer = try QueryEngine(store).run(text, QueryOptions(nowNs: startNs))[0]
        return "\(answer.columns)"
      }
      same(text, answers)
    }
  }
}
