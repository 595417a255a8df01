import LMDB
import Testing

struct KeyTests {
  @Test func integersAreBigEndian() {
    let key = Key(0x0102_0304_0506_0708).appending(UInt8(9)).appending(UInt16(0x0a0b))
      .appending(UInt32(0x0c0d_0e0f)).appending([0x10, 0x11])
    #expect(key.description == "0102030405060708090a0b0c0d0e0f1011")
    #expect(key.byteCount == 17)
  }

  @Test func integersReadBack() {
    let key = Key(.max - 1).appending(UInt32(7)).appending(UInt16(300)).appending(UInt8(5))
    let bytes = key.bytes
    let long = Key.uint64(in: bytes, at: 0)
    let middle = Key.uint32(in: bytes, at: 8)
    let short = Key.uint16(in: bytes, at: 12)
    let byte = Key.uint8(in: bytes, at: 14)
    #expect(long == UInt64.max - 1)
    #expect(middle == 7)
    #expect(short == 300)
    #expect(byte == 5)
  }

  @Test(arguments: [-1, 1, 8, Int.max])
  func readingPastTheEndIsNil(offset: Int) {
    let key = Key(1)
    let value = Key.uint64(in: key.bytes, at: offset)
    #expect(value == nil)
  }

  @Test func orderIsThatOfTheNumbers() {
    let numbers: [UInt64] = [0, 1, 255, 256, 1 << 32, .max]
    let keys = numbers.map(Key.init)
    #expect(keys.shuffled().sorted() == keys)
    #expect(Key(1) < Key(1).appending(UInt8(0)))
    #expect(Key(2) > Key(1).appending(UInt8(0)))
  }

  @Test func endOfPrefix() {
    #expect(Key(1).endOfPrefix == Key(2))
    #expect(Key().appending([1, 255, 255]).endOfPrefix == Key().appending([2]))
    #expect(Key().appending([255]).endOfPrefix == nil)
  }

  /// Keys of more bytes than are held inline are as others.
  @Test(arguments: [39, 40, 41, 100, 511])
  func longKeys(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 7 * $0) }
    var key = Key()
    for byte in bytes.dropLast(8) { key.append(byte) }
    key.append(bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    let other = Key().appending(Array(bytes[..<20])).appending(Array(bytes[20...]))
    #expect(key == other && key.hashValue == other.hashValue && key.byteCount == count)
    let copy = unsafe Key(copying: bytes.span.bytes)
    #expect(copy == key && key.description == copy?.description)
    let shorter = Key().appending(Array(bytes.dropLast()))
    #expect(shorter < key && !(key < shorter) && shorter != key)
    let end = Key().appending(Array(bytes.dropLast())).appending(bytes[count - 1] &+ 1)
    if bytes[count - 1] < .max { #expect(key.endOfPrefix == end) }
  }

  @Test func copyOfTooManyBytesIsNil() {
    let full: [UInt8] = Array(repeating: 7, count: Key.capacity)
    let copy = unsafe Key(copying: full.span.bytes)
    #expect(copy == Key().appending(full))
    let overlong = full + [7]
    let none = unsafe Key(copying: overlong.span.bytes)
    #expect(none == nil)
  }
}
