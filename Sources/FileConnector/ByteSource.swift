import Gzip
import Zstd

/// A file's bytes, decompressed if its first bytes say that it is compressed.
struct ByteSource: ~Copyable {
  private enum Decoder {
    case undecided
    case plain
    case gzip(GzipDecompressor)
    case zstd(ZstdStreamDecompressor)
  }

  let file: InputFile
  private let isCancelled: @Sendable () -> Bool
  private var decoder = Decoder.undecided
  /// Bytes of the file that are not decoded yet, from `pendingStart` on.
  private var pending: [UInt8] = []
  private var pendingStart = 0

  /// How many bytes were read of the file itself.
  private(set) var bytesRead: Int64 = 0

  private static let compressedReadBytes = 256 << 10

  init(file: consuming InputFile, isCancelled: @escaping @Sendable () -> Bool) {
    self.file = file
    self.isCancelled = isCancelled
  }

  /// Appends at most `limit` decompressed bytes to `bytes`; for the rest as ``InputFile/read``.
  ///
  /// When it throws, `bytes` has what could be decompressed before the fault.
  mutating func read(
    into bytes: inout [UInt8], limit: Int, deadline: ContinuousClock.Instant?
  ) throws(FileError) -> ReadOutcome {
    while true {
      switch decoder {
      case .undecided:
        let outcome = try refill(deadline)
        guard outcome == .bytes || outcome == .end else { return outcome }
        try decide(isEnd: outcome == .end)
      case .plain:
        guard pendingStart == pending.count else { return takePending(into: &bytes, limit) }
        let countBefore = bytes.count
        let outcome = try file.read(
          into: &bytes, limit: limit, deadline: deadline, isCancelled: isCancelled)
        bytesRead += Int64(bytes.count - countBefore)
        return outcome
      case .gzip, .zstd:
        let countBefore = bytes.count
        pendingStart += try decode(into: &bytes, limit)
        if bytes.count > countBefore { return .bytes }
        let outcome = try refill(deadline)
        if outcome == .end { try finishDecoder() }
        guard outcome == .bytes else { return outcome }
      }
    }
  }

  /// Hands out the bytes that were read to see whether the file is compressed.
  private mutating func takePending(into bytes: inout [UInt8], _ limit: Int) -> ReadOutcome {
    let end = min(pending.count, pendingStart + limit)
    bytes.append(contentsOf: pending[pendingStart..<end])
    pendingStart = end
    if pendingStart == pending.count {
      pending = []
      pendingStart = 0
    }
    return .bytes
  }

  private mutating func refill(_ deadline: ContinuousClock.Instant?) throws(FileError)
    -> ReadOutcome
  {
    if pendingStart == pending.count {
      pending.removeAll(keepingCapacity: true)
      pendingStart = 0
    }
    let countBefore = pending.count
    let outcome = try file.read(
      into: &pending, limit: Self.compressedReadBytes, deadline: deadline,
      isCancelled: isCancelled)
    bytesRead += Int64(pending.count - countBefore)
    return outcome
  }

  private mutating func decide(isEnd: Bool) throws(FileError) {
    switch Compression(firstBytes: pending.span) {
    case .undecided where !isEnd: break
    case .undecided, .none: decoder = .plain
    case .gzip:
      do throws(GzipError) {
        decoder = .gzip(try GzipDecompressor())
      } catch {
        throw .decompression(file.path, error)
      }
    case .zstd:
      do throws(ZstdError) {
        decoder = .zstd(try ZstdStreamDecompressor())
      } catch {
        throw .decompression(file.path, error)
      }
    }
  }

  /// Appends what the pending bytes give, and returns how many of them were used.
  private func decode(into bytes: inout [UInt8], _ limit: Int) throws(FileError) -> Int {
    var consumed = 0
    // Unsafe for types with padding only.
    let source = unsafe pending.span.bytes.extracting(pendingStart..<pending.count)
    switch decoder {
    case .gzip(let gzip):
      do throws(GzipError) {
        try bytes.append(addingCapacity: limit) { free throws(GzipError) in
          consumed = try gzip.decompress(source, into: &free)
        }
      } catch {
        throw .decompression(file.path, error)
      }
    case .zstd(let zstd):
      do throws(ZstdError) {
        try bytes.append(addingCapacity: limit) { free throws(ZstdError) in
          consumed = try zstd.decompress(source, into: &free)
        }
      } catch {
        throw .decompression(file.path, error)
      }
    case .undecided, .plain:
      break
    }
    return consumed
  }

  private func finishDecoder() throws(FileError) {
    do throws(GzipError) {
      if case .gzip(let gzip) = decoder { try gzip.finish() }
    } catch {
      throw .decompression(file.path, error)
    }
    do throws(ZstdError) {
      if case .zstd(let zstd) = decoder { try zstd.finish() }
    } catch {
      throw .decompression(file.path, error)
    }
  }
}

/// The compression that a file's first bytes show.
enum Compression {
  case none, gzip, zstd
  /// The bytes so far are the beginning of a magic number.
  case undecided

  init(firstBytes bytes: Span<UInt8>) {
    let gzip: [UInt8] = [0x1F, 0x8B]
    let zstd: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    // The lowest of the 16 magic numbers of skippable frames, which pzstd begins files with.
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18]
    let matched = [(gzip, Compression.gzip), (zstd, .zstd), (skippable, .zstd)].first { magic, _ in
      for index in 0..<min(magic.count, bytes.count) {
        let mask: UInt8 = magic[0] == 0x50 && index == 0 ? 0xF0 : 0xFF
        guard bytes[index] & mask == magic[index] else { return false }
      }
      return true
    }
    guard let matched else {
      self = .none
      return
    }
    self = bytes.count < matched.0.count ? .undecided : matched.1
  }
}
