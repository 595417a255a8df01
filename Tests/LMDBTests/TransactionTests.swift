import Testing

@testable import LMDB

struct TransactionTests {
  let directory = TemporaryDirectory()

  @Test func putGetDelete() throws {
    let environment = try Environment.forTest(directory)
    let points = environment.points
    try environment.write { transaction in
      try transaction.put(points, Key(1), [10, 11])
      try transaction.put(points, Key(2), [])
    }
    #expect(try environment.values(points, 1, 2, 3) == [[10, 11], [], nil])
    #expect(try environment.read { try $0.count(points) } == 2)
    let removed = try environment.write { transaction in
      [try transaction.delete(points, Key(1)), try transaction.delete(points, Key(1))]
    }
    #expect(removed == [true, false])
    #expect(try environment.read { try $0.count(points) } == 1)
  }

  @Test func aWriteSeesItsOwnChanges() throws {
    let environment = try Environment.forTest(directory)
    let points = environment.points
    try environment.write { transaction in
      try transaction.put(points, Key(1), [1])
      let own = try transaction.reading.value(points, Key(1))
      #expect(own == [1])
      let before = try environment.read { try $0.contains(points, Key(1)) }
      #expect(!before)
    }
  }

  @Test func throwingUndoesEverything() throws {
    struct Stop: Error {}
    let environment = try Environment.forTest(directory)
    let points = environment.points
    #expect(throws: Stop.self) {
      try environment.write { transaction in
        try transaction.put(points, Key(1), [1])
        throw Stop()
      }
    }
    #expect(try environment.read { try $0.count(points) } == 0)
  }

  @Test func options() throws {
    let environment = try Environment.forTest(directory)
    let points = environment.points
    try environment.write { try $0.put(points, Key(5), [5], options: .append) }
    let outOfOrder = code {
      try environment.write { try $0.put(points, Key(4), [4], options: .append) }
    }
    #expect(outOfOrder == .outOfOrder)
    let exists = code {
      try environment.write { try $0.put(points, Key(5), [6], options: .noOverwrite) }
    }
    #expect(exists == .keyExists)
    #expect(try environment.values(points, 5) == [[5]])
  }

  @Test func reserveWritesInPlaceAndZeroesTheRest() throws {
    struct Stop: Error {}
    let environment = try Environment.forTest(directory)
    let points = environment.points
    try environment.write { transaction in
      try transaction.reserve(points, Key(1), byteCount: 4) { output in
        output.append(UInt8(1))
        output.append(UInt8(2))
      }
      try? transaction.reserve(points, Key(2), byteCount: 9000) { output in
        output.append(UInt8(3))
        throw Stop()
      }
    }
    let zeroes: [UInt8] = Array(repeating: 0, count: 8999)
    #expect(try environment.values(points, 1, 2) == [[1, 2, 0, 0], [3] + zeroes])
  }

  @Test(arguments: [0, 1, 499, 500, 501, 2000])
  func deleteRangeRemovesWhatItSays(limit: Int) throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 1 << 24)
    let points = environment.points
    let value: [UInt8] = Array(repeating: 1, count: 100)
    try environment.write { transaction in
      for number in 0..<UInt64(2000) { try transaction.put(points, Key(number), value) }
    }
    let removed = try environment.write { transaction in
      try transaction.deleteRange(points, from: Key(700), to: Key(1200), limit: limit)
    }
    #expect(removed == min(limit, 500))
    let left = Array(0..<UInt64(700)) + Array(UInt64(700 + removed)..<2000)
    #expect(try environment.read { try $0.keys(points) } == left)
  }

  @Test func deleteRangeToTheEndAndDeleteAll() throws {
    let environment = try Environment.forTest(directory)
    let points = environment.points
    let counts = try environment.write { transaction in
      for number in 0..<UInt64(100) { try transaction.put(points, Key(number), [1]) }
      var counts = [
        try transaction.deleteRange(points, from: Key(90), to: nil),
        try transaction.deleteRange(points, from: Key(), to: Key(10)),
        try transaction.deleteRange(points, from: Key(95), to: nil),
        try transaction.count(points),
      ]
      try transaction.deleteAll(points)
      counts.append(try transaction.count(points))
      return counts
    }
    #expect(counts == [10, 10, 0, 80, 0])
  }

  @Test func randomChangesAgreeWithADictionary() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(state: seed)
    let environment = try Environment.forTest(directory)
    let points = environment.points
    var model: [UInt64: [UInt8]] = [:]
    for _ in 0..<60 {
      try environment.write { transaction in
        let start = (model, random)
        defer { if transaction.bytesMissing != nil { (model, random) = start } }
        for _ in 0..<50 {
          let number = random.next() % 500
          switch random.next() % 8 {
          case 0:
            try transaction.delete(points, Key(number))
            model[number] = nil
          case 1:
            try transaction.deleteRange(points, from: Key(number), to: Key(number + 20))
            for gone in number..<number + 20 { model[gone] = nil }
          default:
            let size = Int(random.next() % (random.next() % 10 == 0 ? 20_000 : 200))
            let value: [UInt8] = Array(repeating: UInt8(number % 251), count: size)
            try transaction.put(points, Key(number), value)
            model[number] = value
          }
        }
      }
    }
    #expect(try environment.read { try $0.keys(points) } == model.keys.sorted(), "seed \(seed)")
    for (number, value) in model {
      #expect(try environment.values(points, number) == [value], "seed \(seed)")
    }
  }

  @Test func aWriteInsideATransactionIsRefused() throws {
    let environment = try Environment.forTest(directory)
    let inRead = try environment.read { _ in code { try environment.write { _ in } } }
    let inWrite = try environment.write { _ in code { try environment.write { _ in } } }
    #expect(inRead == .nested)
    #expect(inWrite == .nested)
    try environment.write { _ in }
  }

  @Test func readersSeeWholeCommitsOnly() throws {
    let environment = try Environment.forTest(directory)
    let points = environment.points
    let done = Flag()
    try inThreads(4) { index in
      if index == 0 {
        defer { done.set() }
        for round in 0..<UInt8(200) {
          try environment.write { transaction in
            for number in 0..<UInt64(50) { try transaction.put(points, Key(number), [round]) }
          }
        }
        return
      }
      var last: UInt8 = 0
      while !done.isSet {
        let values = try environment.read { transaction in
          var values: Set<UInt8> = []
          var cursor = try transaction.cursor(points)
          while try cursor.next() { values.insert(array(cursor.value)[0]) }
          return values
        }
        #expect(values.count <= 1)
        #expect(values.first ?? 0 >= last)
        last = values.first ?? 0
      }
    }
  }
}

private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
