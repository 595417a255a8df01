import Bytes
import Checksum
import LMDB

/// Which entries of a page may have a hash: the part of a page of a sorted run that every lookup touches. A page
/// holds all entries whose hashes begin with its number.
///
/// Only the first ``IdRunLayout/hashBits`` bits of a hash are kept, sorted. Of these the page number and the
/// bucket number are implied by the place; the next 16 bits, the tag, stand here after the bounds of the
/// buckets; the rest and the sequence numbers are in ``IdPageDetail``, which is seldom looked at. What both
/// say is a candidate only: the id itself is compared in the log. `docs/formats/dedup.md`.
struct IdPageFilter: ~Escapable {
  private let bytes: RawSpan
  private let layout: IdRunLayout
  let count: Int
  private let tagStart: Int

  /// Reads the filter in `bytes`; nil when it is not one of that layout. Does not check the checksum.
  @_lifetime(copy bytes)
  init?(_ bytes: RawSpan, _ layout: IdRunLayout) {
    tagStart = 2 * (layout.bucketCount + 1)
    guard bytes.byteCount >= tagStart + 8 else { return nil }
    self.bytes = bytes
    self.layout = layout
    count = Int(bytes.load(at: tagStart - 2, as: UInt16.self))
    guard tagStart + 2 * count + 8 == bytes.byteCount else { return nil }
  }

  @inline(__always)
  private func tag(_ index: Int) -> UInt16 { bytes.load(at: tagStart + 2 * index, as: UInt16.self) }

  /// The entries of a bucket.
  @inline(__always)
  func entries(ofBucket bucket: Int) -> Range<Int> {
    let low = Int(bytes.load(at: 2 * bucket, as: UInt16.self))
    let high = Int(bytes.load(at: 2 * bucket + 2, as: UInt16.self))
    return low..<max(low, min(high, count))
  }

  /// The entries that may have `hash`. Expected O(1).
  @inline(__always)
  func candidates(_ hash: UInt64) -> Range<Int> {
    let bucket = layout.bucket(hash)
    let low = Int(bytes.load(at: 2 * bucket, as: UInt16.self))
    let high = Int(bytes.load(at: 2 * bucket + 2, as: UInt16.self))
    // Sixteen tags at once, without a branch on how many the bucket has: what is read beyond it can only
    // lead to a closer look.
    let start = tagStart + 2 * low
    let wanted = UInt64(layout.tag(hash)) &* 0x0001_0001_0001_0001
    let hits =
      Self.zeroLanes(bytes.word(at: start) ^ wanted)
      | Self.zeroLanes(bytes.word(at: start + 8) ^ wanted)
      | Self.zeroLanes(bytes.word(at: start + 16) ^ wanted)
      | Self.zeroLanes(bytes.word(at: start + 24) ^ wanted)
    if hits == 0 && high - low <= 16 { return 0..<0 }
    return search(layout.tag(hash), low..<max(low, min(high, count)))
  }

  /// Not zero when one of the word's four lanes is; other lanes above such a one may be marked as well.
  @inline(__always)
  private static func zeroLanes(_ word: UInt64) -> UInt64 {
    (word &- 0x0001_0001_0001_0001) & ~word & 0x8000_8000_8000_8000
  }

  @inline(never)
  private func search(_ wanted: UInt16, _ bucket: Range<Int>) -> Range<Int> {
    var index = bucket.lowerBound
    while index < bucket.upperBound, tag(index) < wanted { index += 1 }
    let first = index
    while index < bucket.upperBound, tag(index) == wanted { index += 1 }
    return first..<index
  }

  /// Appends the entries whose kept hash lies in `range`, in order. O(entries of their buckets).
  func append(
    _ range: ClosedRange<UInt64>, page: Int, partition: Int64, _ detail: borrowing IdPageDetail,
    to entries: inout [IdEntry]
  ) {
    for bucket in layout.bucket(range.lowerBound)...layout.bucket(range.upperBound) {
      for index in self.entries(ofBucket: bucket) {
        let hash = layout.hash(
          page: page, bucket: bucket, tag: UInt64(tag(index)), rest: detail.rest(index))
        if range.contains(hash) {
          entries.append(IdEntry(hash: hash, seq: detail.seq(index), partition: partition))
        }
      }
    }
  }

  /// The filter of a page that holds `entries`, which are sorted by hash and all belong to it.
  static func encode(_ entries: ArraySlice<IdEntry>, _ layout: IdRunLayout) -> [UInt8] {
    let bodyBytes = 2 * (layout.bucketCount + 1) + 2 * entries.count
    var bytes: [UInt8] = Array(repeating: 0, count: bodyBytes + ByteSink.slack)
    bytes.withSink { sink in
      var index = entries.startIndex
      for bucket in 0...layout.bucketCount {
        while index < entries.endIndex, layout.bucket(entries[index].hash) < bucket { index += 1 }
        sink.append(word: UInt64(index - entries.startIndex), byteCount: 2)
      }
      for entry in entries { sink.append(word: UInt64(layout.tag(entry.hash)), byteCount: 2) }
    }
    bytes.removeLast(ByteSink.slack)
    return bytes.sealed()
  }
}

/// The rest of the hashes and the sequence numbers of a page's entries.
struct IdPageDetail: ~Escapable {
  private let bytes: RawSpan
  private let layout: IdRunLayout
  private let seqStart: Int

  /// Reads the detail of a page of `count` entries; nil when it is not one of that layout.
  @_lifetime(copy bytes)
  init?(_ bytes: RawSpan, _ layout: IdRunLayout, count: Int) {
    self.bytes = bytes
    self.layout = layout
    seqStart = 8 + layout.restBytes * count
    guard seqStart + layout.seqBytes * count + 8 == bytes.byteCount else { return nil }
  }

  func rest(_ index: Int) -> UInt64 { load(8 + layout.restBytes * index, layout.restBytes) }

  func seq(_ index: Int) -> UInt64 {
    bytes.load(at: 0, as: UInt64.self)
      &+ load(seqStart + layout.seqBytes * index, layout.seqBytes)
  }

  @inline(__always)
  private func load(_ offset: Int, _ byteCount: Int) -> UInt64 {
    if byteCount == 0 { return 0 }
    return bytes.word(at: offset) & (UInt64.max >> UInt64(64 - 8 * byteCount))
  }

  static func encode(
    _ entries: ArraySlice<IdEntry>, _ layout: IdRunLayout, baseSeq: UInt64
  ) -> [UInt8] {
    let bodyBytes = 8 + entries.count * (layout.restBytes + layout.seqBytes)
    var bytes: [UInt8] = Array(repeating: 0, count: bodyBytes + ByteSink.slack)
    bytes.withSink { sink in
      sink.append(word: baseSeq, byteCount: 8)
      for entry in entries {
        sink.append(word: layout.rest(entry.hash), byteCount: layout.restBytes)
      }
      for entry in entries { sink.append(word: entry.seq - baseSeq, byteCount: layout.seqBytes) }
    }
    bytes.removeLast(ByteSink.slack)
    return bytes.sealed()
  }
}

/// A sorted, immutable run of the ids of one stream and partition.
struct IdRun: Equatable {
  var streamId: UInt32
  /// Event time divided by the partition length, rounded down.
  var partition: Int64
  var number: UInt32
  var entryCount: Int
  var minSeq: UInt64
  var maxSeq: UInt64
  let layout: IdRunLayout

  init(
    streamId: UInt32, partition: Int64, number: UInt32, entryCount: Int, minSeq: UInt64,
    maxSeq: UInt64
  ) {
    self.streamId = streamId
    self.partition = partition
    self.number = number
    self.entryCount = entryCount
    self.minSeq = minSeq
    self.maxSeq = maxSeq
    layout = IdRunLayout(count: entryCount, seqSpan: maxSeq &- minSeq)
  }

  /// Stream, partition (its sign bit flipped, so that keys sort by time), run number.
  var key: Key {
    Key().appending(streamId).appending(UInt64(bitPattern: partition) ^ 1 << 63).appending(number)
  }

  /// Filters come before details, so that they lie together in the file as far as may be.
  func filterKey(_ page: Int) -> Key { key.appending(UInt32(page)) }
  func detailKey(_ page: Int) -> Key { key.appending(UInt32(1) << 31 | UInt32(page)) }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(entryCount))
    bytes.append(littleEndian: minSeq)
    bytes.append(littleEndian: maxSeq)
    return bytes.sealed()
  }
}

extension IdRun {
  /// Reads a run's entry in the directory; nil when it is damaged.
  init?(key: RawSpan, value: RawSpan) {
    guard let stream = Key.uint32(in: key, at: 0), let time = Key.uint64(in: key, at: 4),
      let number = Key.uint32(in: key, at: 12), key.byteCount == 16,
      let body = value.unsealed, body.byteCount == 24
    else { return nil }
    self.init(
      streamId: stream, partition: Int64(bitPattern: time ^ 1 << 63), number: number,
      entryCount: Int(truncatingIfNeeded: body.load(at: 0, as: UInt64.self)),
      minSeq: body.load(at: 8, as: UInt64.self), maxSeq: body.load(at: 16, as: UInt64.self))
    guard entryCount > 0, minSeq <= maxSeq, layout.isValid else { return nil }
  }
}

/// How the bits of a hash are divided in a run.
struct IdRunLayout: Equatable {
  /// Of a hash's 64 bits, how many a run keeps; the fewer, the more false candidates.
  static let hashBits = 48
  /// Pages hold about this many entries, to stay under 256 KiB.
  private static let pageEntries = 16_384
  private static let bucketEntries = 8

  let pageBits: Int
  let bucketBits: Int
  let seqBytes: Int
  let restBytes: Int

  /// The layout of a run of `count` entries whose sequence numbers span `seqSpan`.
  init(count: Int, seqSpan: UInt64) {
    func bits(_ value: Int) -> Int {
      value <= 1 ? 0 : Int.bitWidth - (value - 1).leadingZeroBitCount
    }
    pageBits = bits((count + Self.pageEntries - 1) / Self.pageEntries)
    bucketBits = bits(max(count >> pageBits, 1) / Self.bucketEntries)
    seqBytes = (71 - seqSpan.leadingZeroBitCount) / 8
    restBytes = (Self.hashBits - pageBits - bucketBits - 16 + 7) / 8
  }

  var pageCount: Int { 1 << pageBits }
  var bucketCount: Int { 1 << bucketBits }
  private var restBits: Int { Self.hashBits - pageBits - bucketBits - 16 }
  var isValid: Bool {
    (0...24).contains(pageBits) && (0...14).contains(bucketBits) && restBits >= 0
      && (0...8).contains(seqBytes)
  }

  @inline(__always)
  func page(_ hash: UInt64) -> Int { pageBits == 0 ? 0 : Int(hash >> UInt64(64 - pageBits)) }

  @inline(__always)
  func bucket(_ hash: UInt64) -> Int {
    Int(hash >> UInt64(64 - pageBits - bucketBits)) & (bucketCount - 1)
  }

  @inline(__always)
  func tag(_ hash: UInt64) -> UInt16 {
    UInt16(truncatingIfNeeded: hash >> UInt64(48 - pageBits - bucketBits))
  }

  @inline(__always)
  func rest(_ hash: UInt64) -> UInt64 {
    hash >> UInt64(64 - Self.hashBits) & (1 << UInt64(restBits) - 1)
  }

  /// The hashes that belong to page `page`.
  func hashes(ofPage page: Int) -> ClosedRange<UInt64> {
    if pageBits == 0 { return 0...UInt64.max }
    let low = UInt64(page) << UInt64(64 - pageBits)
    return low...(low | UInt64.max >> UInt64(pageBits))
  }

  func hash(page: Int, bucket: Int, tag: UInt64, rest: UInt64) -> UInt64 {
    let place = UInt64(page) << UInt64(bucketBits) | UInt64(bucket)
    return ((place << 16 | tag) << UInt64(restBits) | rest) << UInt64(64 - Self.hashBits)
  }
}

extension [IdEntry] {
  /// Sorts by the part of the hash that runs keep: a radix sort over keys that hold the hash's high bits and
  /// the entry's place, then by insertion where these bits are the same. O(count).
  mutating func sortByHash() {
    let placeBits = UInt64(Int.bitWidth - count.leadingZeroBitCount)
    guard count >= 256, placeBits <= 24 else {
      sort { $0.hash >> 16 < $1.hash >> 16 }
      return
    }
    let placeMask = (1 as UInt64) << placeBits - 1
    var keys: [UInt64] = []
    keys.reserveCapacity(count)
    for index in indices { keys.append(self[index].hash & ~placeMask | UInt64(index)) }
    var other = keys
    for shift: UInt64 in stride(from: placeBits, to: 64, by: 11) {
      var starts = [Int](repeating: 0, count: 2048 + 1)
      for key in keys { starts[Int(key >> shift & 0x7FF) + 1] += 1 }
      for digit in 1...2048 { starts[digit] += starts[digit - 1] }
      for key in keys {
        let digit = Int(key >> shift & 0x7FF)
        other[starts[digit]] = key
        starts[digit] += 1
      }
      swap(&keys, &other)
    }
    self = keys.map { self[Int($0 & placeMask)] }
    for index in indices.dropFirst() {
      var place = index
      while place > 0, self[place - 1].hash >> 16 > self[place].hash >> 16 {
        swapAt(place - 1, place)
        place -= 1
      }
    }
  }
}

extension [IdEntry] {
  /// The entries of `self` and `other`, both sorted by hash, in order. O(count).
  func merged(with other: [IdEntry]) -> [IdEntry] {
    if isEmpty { return other }
    if other.isEmpty { return self }
    var result: [IdEntry] = []
    result.reserveCapacity(count + other.count)
    var left = 0
    var right = 0
    while left < count, right < other.count {
      // No branch: which side is next is as good as random.
      let isRight = other[right].hash >> 16 < self[left].hash >> 16
      result.append(isRight ? other[right] : self[left])
      right += isRight ? 1 : 0
      left += isRight ? 0 : 1
    }
    result.append(contentsOf: self[left...])
    result.append(contentsOf: other[right...])
    return result
  }
}
