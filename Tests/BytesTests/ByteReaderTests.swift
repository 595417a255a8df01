import Testing

@testable import Bytes

/// One call of the writer and the reader.
private enum Item: Equatable, CustomStringConvertible {
  case byte(UInt8)
  case short(UInt16)
  case word(Int64)
  case varint(UInt64)
  case signed(Int64)
  case text(String)
  case run([UInt8])

  static func random(_ random: inout SeededGenerator) -> Item {
    switch random.below(7) {
    case 0: .byte(UInt8(random.below(256)))
    case 1: .short(UInt16(random.below(65_536)))
    case 2: .word(Int64(bitPattern: random.next()))
    case 3: .varint(random.word())
    case 4: .signed(Int64(bitPattern: random.word()) &* (random.oneIn(2) ? -1 : 1))
    case 5: .text(String((0..<random.below(5)).map { _ in random.pick("aé雪𝄞\0") }))
    default: .run((0..<random.below(9)).map { _ in UInt8(random.below(256)) })
    }
  }

  func write(into output: inout [UInt8]) {
    switch self {
    case .byte(let value): output.append(littleEndian: value)
    case .short(let value): output.append(littleEndian: value)
    case .word(let value): output.append(littleEndian: value)
    case .varint(let value): output.append(varint: value)
    case .signed(let value): output.append(signedVarint: value)
    case .text(let value): output.append(string: value)
    case .run(let value):
      output.append(varint: UInt64(value.count))
      output.append(value, range: 0..<value.count)
    }
  }

  func read(_ reader: inout ByteReader) throws(MalformedBytes) -> Item {
    switch self {
    case .byte: .byte(try reader.integer(UInt8.self))
    case .short: .short(try reader.integer(UInt16.self))
    case .word: .word(try reader.integer(Int64.self))
    case .varint: .varint(try reader.varint())
    case .signed: .signed(try reader.signedVarint())
    case .text: .text(try reader.string())
    case .run: .run(try reader.array(byteCount: try reader.count()))
    }
  }

  var description: String {
    switch self {
    case .byte(let value): "byte \(value)"
    case .short(let value): "short \(value)"
    case .word(let value): "word \(value)"
    case .varint(let value): "varint \(value)"
    case .signed(let value): "signed \(value)"
    case .text(let value): "text \(value.debugDescription)"
    case .run(let value): "run \(value)"
    }
  }
}

/// Runs `body` on a reader of `bytes`; nil when it throws.
private func reading<T>(
  _ bytes: [UInt8], _ body: (inout ByteReader) throws(MalformedBytes) -> T
) -> T? {
  var reader = ByteReader(bytes.rawSpan)
  do throws(MalformedBytes) { return try body(&reader) } catch { return nil }
}

@Suite struct ByteReaderTests {
  @Test func whatWasWrittenIsRead() {
    rounds(300) { random in
      let items = (0..<random.below(20)).map { _ in Item.random(&random) }
      var bytes: [UInt8] = []
      for item in items { item.write(into: &bytes) }
      var reader = ByteReader(bytes.rawSpan)
      for item in items { try checkEqual(try item.read(&reader), item, "item") }
      try check(reader.isAtEnd, "bytes left over")
    }
  }

  @Test func everyTruncationThrows() {
    rounds(150) { random in
      let items = (0..<random.within(1...8)).map { _ in Item.random(&random) }
      var bytes: [UInt8] = []
      for item in items { item.write(into: &bytes) }
      for count in 0..<bytes.count {
        var reader = ByteReader(bytes.rawSpan(0..<count))
        var failure: MalformedBytes?
        do throws(MalformedBytes) {
          for item in items { _ = try item.read(&reader) }
        } catch {
          failure = error
        }
        try check(failure != nil, "\(items) read from \(count) of \(bytes.count) bytes")
        try check(failure!.offset <= count, "stopped at \(failure!.offset) of \(count) bytes")
      }
    }
  }

  @Test(
    arguments: [
      (0, [0]), (0x7F, [0x7F]), (0x80, [0x80, 1]), (300, [0xAC, 2]),
      (UInt64.max, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
    ] as [(UInt64, [UInt8])])
  func varintsAreLEB128(value: UInt64, encoded: [UInt8]) throws {
    var bytes: [UInt8] = []
    bytes.append(varint: value)
    #expect(bytes == encoded)
    let read = reading(bytes) { reader throws(MalformedBytes) in try reader.varint() }
    #expect(read == value)
  }

  @Test func overlongVarintThrows() {
    let bytes = [UInt8](repeating: 0x80, count: 20)
    let read = reading(bytes) { reader throws(MalformedBytes) in try reader.varint() }
    #expect(read == nil)
  }

  @Test(
    arguments: [(0, 0), (-1, 1), (1, 2), (-2, 3), (.max, .max - 1), (.min, .max)]
      as [(Int64, UInt64)])
  func zigzagFoldsTheSigns(value: Int64, folded: UInt64) {
    #expect(value.zigzag == folded)
    #expect(Int64(zigzag: folded) == value)
  }

  @Test func countsAreBoundedByWhatIsLeft() {
    let bytes: [UInt8] = [3, 1, 2]
    func count(_ limit: Int?) -> Int? {
      reading(bytes) { reader throws(MalformedBytes) in try reader.count(limit: limit) }
    }
    #expect(count(nil) == nil)
    #expect(count(2) == nil)
    #expect(count(3) == 3)
  }

  @Test(arguments: [-1, 4, .max, .min])
  func advancingBackwardsOrTooFarThrows(distance: Int) {
    let start = reading([1, 2, 3]) { reader throws(MalformedBytes) in
      try reader.advance(by: distance)
    }
    #expect(start == nil)
  }
}
