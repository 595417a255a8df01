import Bytes
import EventLog

/// The groups of an answer, each with a code.
struct GroupList {
  private let dimensionCount: Int
  private let isWanted: ([Text?]) throws -> Bool
  private var failure: (any Error)?
  private var known = StringTable()
  /// The codes of the known groups.
  private var codes: [Int32] = []
  /// The group that comes next if buckets have the same groups one after the other, as they mostly do.
  private var next = 0
  /// The groups as bytes, and as labels.
  private(set) var bytes: [[UInt8]] = []
  private(set) var labels: [[Text?]] = []

  init(count: Int, _ isWanted: @escaping ([Text?]) throws -> Bool) {
    dimensionCount = count
    self.isWanted = isWanted
  }

  /// Throws what `isWanted` has thrown.
  func check() throws {
    if let failure { throw failure }
  }

  /// The code of a group, or -1 when it was not asked for.
  mutating func code(_ group: RawSpan) -> Int32 {
    if next < bytes.count {
      let expected = bytes[next]
      if expected.rawSpan.isEqual(to: group) {
        next += 1
        return Int32(next - 1)
      }
    }
    let number = Int(known.number(group))
    if number == codes.count { codes.append(add(group)) }
    let code = codes[number]
    next = Int(code) + 1
    return code
  }

  private mutating func add(_ group: RawSpan) -> Int32 {
    guard let names = GroupKey.labels(group, count: dimensionCount) else { return -1 }
    do {
      guard try isWanted(names) else { return -1 }
    } catch {
      failure = error
      return -1
    }
    bytes.append([])
    bytes[bytes.count - 1].append(span: group)
    labels.append(names)
    return Int32(bytes.count - 1)
  }
}
