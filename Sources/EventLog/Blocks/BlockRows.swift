/// What a block has of each event and of each fact beside the values of columns.
struct BlockRows: Equatable {
  private(set) var shapes: [Int64] = []
  private(set) var times: [Int64] = []
  private(set) var timeFormats: [Int64] = []
  // Of exploded streams.
  private(set) var factCounts: [Int64] = []
  private(set) var factTimes: [Int64] = []
  private(set) var factTimeFormats: [Int64] = []
  private(set) var factShapes: [Int64] = []

  /// Reads them; `shapeCount` is how many shapes the stream has. Throws ``DamageError`` when sections do not agree with each
  /// other: indexing them would trap. O(events + facts).
  init(_ reader: BlockReader, shapeCount: Int) throws {
    shapes = try reader.integers(.shapes)
    times = try reader.times(.times)
    timeFormats = try reader.integers(.timeFormats)
    factCounts = try reader.integers(.factCounts)
    factTimes = try reader.times(.factTimes)
    factTimeFormats = try reader.integers(.factTimeFormats)
    factShapes = try reader.integers(.factShapes)
    let header = reader.header
    let facts = header.isExploded ? header.factCount : 0
    let counted = factCounts.reduce(0) { $0 &+ max($1, 0) }
    guard
      [shapes.count, times.count, timeFormats.count].allSatisfy({ $0 == header.eventCount }),
      factCounts.count == (header.isExploded ? header.eventCount : 0), counted == facts,
      [factTimes.count, factTimeFormats.count, factShapes.count].allSatisfy({ $0 == facts }),
      shapes.allSatisfy({ $0 >= 0 && $0 <= shapeCount }),
      factShapes.allSatisfy({ $0 >= 0 && $0 <= shapeCount })
    else { throw reader.damage }
  }
}
