import Bytes
import Testing

@testable import EventLog

@Suite struct TimeCodingTests {
  private func encoded(_ times: [Int64]) -> [UInt8] {
    var bytes: [UInt8] = []
    TimeCoding.encode(times, into: &bytes)
    return bytes
  }

  private func decoded(_ bytes: [UInt8], count: Int) throws -> [Int64] {
    var reader = ByteReader(bytes.rawSpan)
    var times: [Int64] = []
    try TimeCoding.decode(&reader, count: count, into: &times)
    try check(reader.isAtEnd, "bytes left over")
    return times
  }

  @Test func timesComeBack() {
    rounds(200) { random in
      let unit = random.pick([1, 1_000, 1_000_000, 1_000_000_000] as [Int64])
      let times = (0..<random.below(100)).map { _ in
        random.oneIn(20)
          ? random.pick([.min, .max, 0, -1] as [Int64])
          : Int64(bitPattern: random.next()) / unit * unit
      }
      try checkEqual(try decoded(encoded(times), count: times.count), times, "times")
    }
  }

  @Test(
    arguments: [
      ([1_000_000_000, -3_000_000_000], 0), ([1_000_000_000, 1_000_000], 1), ([-1_000], 2),
      ([1_000_000_000, 1], 3), ([Int64.min], 3), ([0], 0),
    ] as [([Int64], UInt8)])
  func unitIsTheCoarsest(times: [Int64], unit: UInt8) throws {
    #expect(encoded(times).first == unit)
    #expect(try decoded(encoded(times), count: times.count) == times)
  }

  @Test func everyTruncationThrows() {
    let times: [Int64] = [1_700_000_000_000_000_000, 1_700_000_000_250_000_000, 0, -1_000_000]
    let bytes = encoded(times)
    for length in 0..<bytes.count {
      #expect(throws: MalformedBytes.self) {
        try decoded(Array(bytes.prefix(length)), count: times.count)
      }
    }
    #expect(throws: MalformedBytes.self) { try decoded([4, 0, 2], count: 1) }
  }
}
