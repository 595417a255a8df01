import Bytes
import Checksum
import EventLog
import Sketches

/// The state of one field of a cell.
struct MeasureState: Sendable, Equatable {
  /// Facts that passed the filter and have a value of any kind.
  var count: UInt64 = 0
  var moments = Moments()
  var quantiles = QuantileSketch()
  /// Nil where no item needs it.
  var distinct: HyperLogLog?
  var top: TopK?

  /// Counters of `top`: a value that is more than a 256th of all is among them.
  static let topCapacity = 256

  init(_ needs: FoldPlan.Needs) {
    if needs.contains(.distinct) { distinct = HyperLogLog() }
    if needs.contains(.top) { top = TopK(capacity: Self.topCapacity) }
  }

  mutating func merge(_ next: MeasureState, _ needs: FoldPlan.Needs) {
    count += next.count
    if needs.contains(.moments) { moments.merge(next.moments) }
    if needs.contains(.quantiles) { quantiles.merge(next.quantiles) }
    if let added = next.distinct { distinct?.merge(added) }
    if let added = next.top { top?.merge(added) }
  }
}

/// What a projection keeps of one bucket and group: states that merge, never averages.
struct Cell: Sendable, Equatable {
  var facts: UInt64 = 0
  /// The first and the last event that took part.
  var firstSeq = UInt64.max
  var lastSeq: UInt64 = 0
  /// Blocks that changed it after it was final.
  var revision: UInt32 = 0
  var measures: [MeasureState]

  init(_ plan: FoldPlan) {
    measures = plan.measures.map { MeasureState($0.needs) }
  }

  /// Adds the cell of the bucket that follows.
  mutating func merge(_ next: Cell, _ plan: FoldPlan) {
    facts += next.facts
    firstSeq = min(firstSeq, next.firstSeq)
    lastSeq = max(lastSeq, next.lastSeq)
    revision += next.revision
    for index in measures.indices {
      measures[index].merge(next.measures[index], plan.measures[index].needs)
    }
  }

  // MARK: On disk: docs/formats/cells.md

  private static let formatVersion: UInt8 = 1

  /// The row of the cell of `group` under `key`.
  func encoded(_ plan: FoldPlan, _ key: CellKey) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256)
    bytes.append(Self.formatVersion)
    if key.isHashed { bytes.append(sized: key.group) }
    bytes.append(varint: facts)
    bytes.append(varint: firstSeq)
    bytes.append(varint: lastSeq &- firstSeq)
    bytes.append(varint: UInt64(revision))
    for (state, measure) in zip(measures, plan.measures) {
      bytes.append(varint: state.count)
      if measure.needs.contains(.moments) { state.moments.encode(into: &bytes) }
      if measure.needs.contains(.quantiles) { state.quantiles.encode(into: &bytes) }
      state.distinct?.encode(into: &bytes)
      state.top?.encode(into: &bytes)
    }
    bytes.append(littleEndian: checksum(bytes.rawSpan) ^ key.checksum)
    return bytes
  }

  /// Reads a row, checked against its checksum, which covers the key as well. Gives the group too, when the key has
  /// only its hash.
  static func decode(
    _ row: RawSpan, _ plan: FoldPlan, keyBytes: RawSpan
  ) throws -> (cell: Cell, group: [UInt8]?) {
    let bodyBytes = row.byteCount - 8
    guard bodyBytes > 0 else { throw damage(keyBytes) }
    let body = row.extracting(0..<bodyBytes)
    let sum = checksum(body) ^ checksum(keyBytes)
    guard sum == row.load(at: bodyBytes, as: UInt64.self) else { throw damage(keyBytes) }
    var reader = ByteReader(body)
    do throws(MalformedBytes) {
      return try decode(&reader, plan, isHashed: CellKey.isHashed(keyBytes))
    } catch {
      throw damage(keyBytes)
    }
  }

  private static func decode(
    _ reader: inout ByteReader, _ plan: FoldPlan, isHashed: Bool
  ) throws(MalformedBytes) -> (cell: Cell, group: [UInt8]?) {
    guard try reader.integer(UInt8.self) == formatVersion else {
      throw MalformedBytes(offset: 0)
    }
    var cell = Cell(plan)
    let group = isHashed ? try reader.array(byteCount: try reader.count()) : nil
    cell.facts = try reader.varint()
    cell.firstSeq = try reader.varint()
    cell.lastSeq = cell.firstSeq &+ (try reader.varint())
    cell.revision = UInt32(truncatingIfNeeded: try reader.varint())
    for index in plan.measures.indices {
      let needs = plan.measures[index].needs
      cell.measures[index].count = try reader.varint()
      if needs.contains(.moments) { cell.measures[index].moments = try Moments(&reader) }
      if needs.contains(.quantiles) {
        cell.measures[index].quantiles = try QuantileSketch(&reader)
      }
      if needs.contains(.distinct) { cell.measures[index].distinct = try HyperLogLog(&reader) }
      if needs.contains(.top) { cell.measures[index].top = try TopK(&reader) }
    }
    return (cell, group)
  }

  private static func damage(_ key: RawSpan) -> DamageError {
    DamageError(what: CellKey.describe(key))
  }
}

extension [UInt8] {
  fileprivate mutating func append(sized bytes: [UInt8]) {
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }
}
