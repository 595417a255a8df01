import Synchronization
import Testing

@testable import LMDB

struct GrowthTests {
  let directory = TemporaryDirectory()

  @Test func aBodyIsRunAgainInALargerMap() throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 1)
    let points = environment.points
    let before = try environment.info.mapSizeBytes
    var runs = 0
    try environment.write { transaction in
      runs += 1
      for number in 0..<UInt64(1000) {
        try transaction.put(points, Key(number), Array(repeating: 1, count: 1000))
      }
    }
    #expect(runs > 1)
    #expect(try environment.info.mapSizeBytes > before)
    #expect(try environment.read { try $0.count(points) } == 1000)
  }

  /// What counts as memory is what was touched since pages were given back, however large the program is.
  @Test func pagesOfTheProgramDoNotCount() throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 64 << 20)
    try environment.write {
      try $0.put(environment.points, Key(1), Array(repeating: 1, count: 16 << 20))
    }
    environment.releaseResidentPages()
    let before = Environment.residentFileBytes
    let sum = try environment.read { transaction in
      guard let value = try transaction.get(environment.points, Key(1)) else { return 0 }
      return value.withUnsafeBytes { unsafe $0.reduce(0) { $0 + Int($1) } }
    }
    #expect(sum == 16 << 20)
    // The kernel counts pages of a thread now and then.
    #expect(Environment.residentFileBytes > before + 12 << 20)
    environment.releaseResidentPages()
    #expect(Environment.residentFileBytes < 8 << 20)
  }

  @Test func aValueLargerThanTheMapTakesOneGrowth() throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 1)
    var runs = 0
    try environment.write { transaction in
      runs += 1
      try transaction.reserve(environment.points, Key(1), byteCount: 50 << 20) { _ in }
    }
    #expect(runs == 2)
  }

  @Test func aBodyThatHidesTheErrorIsRunAgainToo() throws {
    struct Other: Error {}
    let environment = try Environment.forTest(directory, mapSizeBytes: 1)
    let points = environment.points
    let value: [UInt8] = Array(repeating: 1, count: 1 << 20)
    try environment.write { try? $0.put(points, Key(1), value) }
    try environment.write { transaction in
      do { try transaction.put(points, Key(2), value + value + value + value) } catch {
        throw Other()
      }
    }
    #expect(try environment.read { try $0.count(points) } == 2)
  }

  @Test func smallWritesSeldomRunTwice() throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 1 << 20)
    let points = environment.points
    var runs = 0
    for number in 0..<UInt64(300) {
      try environment.write { transaction in
        runs += 1
        try transaction.put(points, Key(number), Array(repeating: 1, count: 50_000))
      }
    }
    #expect(runs == 300)
  }

  @Test func growthWhileOthersRead() throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 1)
    let points = environment.points
    let done = Flag()
    try inThreads(4) { index in
      if index == 0 {
        defer { done.set() }
        for number in 0..<UInt64(400) {
          try environment.write { transaction in
            let value = Array(repeating: UInt8(number % 251), count: 20_000)
            try transaction.put(points, Key(number), value)
          }
        }
        return
      }
      while !done.isSet {
        try environment.read { transaction in
          var cursor = try transaction.cursor(points)
          var number: UInt64 = 0
          while try cursor.next() {
            let last = Key.uint8(in: cursor.value, at: 19_999)
            #expect(last == UInt8(number % 251))
            number += 1
          }
          let nested = try environment.read { try $0.count(points) }
          #expect(nested >= number)
        }
      }
    }
    #expect(try environment.read { try $0.count(points) } == 400)
  }

  @Test func theEndOfTheAddressSpaceIsAnError() throws {
    let environment = try Environment.forTest(directory)
    try environment.write { try $0.put(environment.points, Key(1), [1]) }
    #expect(code { try environment.grow(by: .max) } == .mapFull)
    #expect(code { try environment.grow(by: Environment.largestMapBytes) } == .mapFull)
    #expect(try environment.values(environment.points, 1) == [[1]])
    try environment.write { try $0.put(environment.points, Key(2), [2]) }
  }

  @Test func manyWritersTakeTurns() throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 1)
    let points = environment.points
    let runs = Atomic(0)
    try inThreads(4) { index in
      for number in 0..<100 {
        try environment.write { transaction in
          runs.add(1, ordering: .relaxed)
          let key = Key(UInt64(index)).appending(UInt64(number))
          try transaction.put(points, key, Array(repeating: 1, count: 3000))
        }
      }
    }
    #expect(try environment.read { try $0.count(points) } == 400)
    #expect(runs.load(ordering: .relaxed) >= 400)
  }
}
