import LMDB
import Testing

/// Over the keys 10, 20, ... 90 with values of the same number.
struct CursorTests {
  let directory = TemporaryDirectory()
  let environment: Environment
  let points: Table

  init() throws {
    environment = try .forTest(directory)
    let points = environment.points
    self.points = points
    try environment.write { transaction in
      for number in stride(from: 90, through: 10, by: -10) {
        try transaction.put(points, Key(UInt64(number)), [UInt8(number)])
      }
    }
  }

  /// Where the moves lead, as the values stood on; nil where a move found nothing.
  func walk(
    _ moves: ((inout Cursor) throws -> Bool)...
  ) throws -> [UInt8?] {
    try environment.read { transaction in
      var cursor = try transaction.cursor(points)
      var visited: [UInt8?] = []
      for move in moves {
        let found = try move(&cursor)
        #expect(found == cursor.isOnEntry)
        visited.append(found ? array(cursor.value)[0] : nil)
      }
      return visited
    }
  }

  @Test func bothDirections() throws {
    let keys = try environment.read { try $0.keys(points) }
    #expect(keys == [10, 20, 30, 40, 50, 60, 70, 80, 90])
    #expect(
      try walk({ try $0.seekFirst() }, { try $0.next() }, { try $0.previous() }) == [10, 20, 10])
    #expect(try walk({ try $0.seekLast() }, { try $0.previous() }) == [90, 80])
  }

  @Test func anUnplacedCursorStartsAtEitherEnd() throws {
    #expect(try walk({ try $0.next() }) == [10])
    #expect(try walk({ try $0.previous() }) == [90])
  }

  @Test func beyondTheEndsItComesBack() throws {
    #expect(
      try walk(
        { try $0.seekLast() }, { try $0.next() }, { try $0.next() }, { try $0.previous() })
        == [90, nil, nil, 90])
    #expect(
      try walk(
        { try $0.seekFirst() }, { try $0.previous() }, { try $0.previous() },
        { try $0.next() }) == [10, nil, nil, 10])
  }

  @Test func seekAtOrAfter() throws {
    #expect(try walk({ try $0.seek(atOrAfter: Key(20)) }) == [20])
    #expect(try walk({ try $0.seek(atOrAfter: Key(21)) }) == [30])
    #expect(try walk({ try $0.seek(atOrAfter: Key()) }) == [10])
    #expect(
      try walk({ try $0.seek(atOrAfter: Key(91)) }, { try $0.previous() }) == [nil, 90])
  }

  @Test func seekBackwards() throws {
    #expect(try walk({ try $0.seek(lastBefore: Key(20)) }) == [10])
    #expect(try walk({ try $0.seek(lastBefore: Key(10)) }, { try $0.next() }) == [nil, 10])
    #expect(try walk({ try $0.seek(lastBefore: Key(1000)) }) == [90])
    #expect(try walk({ try $0.seek(lastAtOrBefore: Key(20)) }) == [20])
    #expect(try walk({ try $0.seek(lastAtOrBefore: Key(29)) }) == [20])
    #expect(try walk({ try $0.seek(lastAtOrBefore: Key(9)) }) == [nil])
  }

  @Test func seekExactly() throws {
    #expect(try walk({ try $0.seek(exactly: Key(50)) }, { try $0.next() }) == [50, 60])
    #expect(try walk({ try $0.seek(exactly: Key(55)) }) == [nil])
  }

  @Test func rangesAndPrefixes() throws {
    let inRange = try environment.read { transaction in
      var cursor = try transaction.cursor(points)
      var keys: [UInt64] = []
      var found = try cursor.seek(atOrAfter: Key(25))
      while found, cursor.isBefore(Key(60)) {
        keys.append(Key.uint64(in: cursor.key, at: 0)!)
        found = try cursor.next()
      }
      return keys
    }
    #expect(inRange == [30, 40, 50])
    let prefixes = try environment.read { transaction in
      var cursor = try transaction.cursor(points)
      _ = try cursor.seekFirst()
      return [
        cursor.hasPrefix(Key()), cursor.hasPrefix(Key().appending([0, 0])),
        cursor.hasPrefix(Key(10)), cursor.hasPrefix(Key(11)),
        cursor.hasPrefix(Key(10).appending(UInt8(0))),
      ]
    }
    #expect(prefixes == [true, true, true, false, false])
  }

  @Test func anEmptyTableHasNoEntries() throws {
    try environment.write { try $0.deleteAll(points) }
    #expect(
      try walk(
        { try $0.next() }, { try $0.previous() }, { try $0.seek(atOrAfter: Key(1)) },
        { try $0.seek(lastBefore: Key(1)) }, { try $0.seek(exactly: Key(1)) })
        == [nil, nil, nil, nil, nil])
  }

  @Test func spansOutliveTheMoveOfTheCursor() throws {
    let pair = try environment.read { transaction in
      var cursor = try transaction.cursor(points)
      _ = try cursor.next()
      let first = cursor.value
      _ = try cursor.next()
      return [array(first), array(cursor.value)]
    }
    #expect(pair == [[10], [20]])
  }
}
