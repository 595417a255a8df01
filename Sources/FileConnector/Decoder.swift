import Gzip
import Zstd

/// What makes the bytes of a file of what stands on disk.
enum Decoder {
  case undecided
  case plain
  case gzip(GzipDecompressor)
  case zstd(ZstdStreamDecompressor)

  init(_ compression: Compression, _ path: String) throws(FileError) {
    switch compression {
    case .undecided: self = .undecided
    case .none: self = .plain
    case .gzip:
      do throws(GzipError) {
        self = .gzip(try GzipDecompressor())
      } catch {
        throw .decompression(path, error)
      }
    case .zstd:
      do throws(ZstdError) {
        self = .zstd(try ZstdStreamDecompressor())
      } catch {
        throw .decompression(path, error)
      }
    }
  }

  /// How many compressed bytes were whole and had the right checksums.
  var verifiedOffset: Int64 {
    switch self {
    case .undecided, .plain: 0
    case .gzip(let gzip): gzip.verifiedOffset
    case .zstd(let zstd): zstd.verifiedOffset
    }
  }

  /// Whether all that was decompressed so far is of whole members or frames whose checksums held.
  var hasVerifiedAll: Bool {
    switch self {
    case .undecided, .plain: true
    case .gzip(let gzip): gzip.verifiedOffset == gzip.compressedOffset
    case .zstd(let zstd): zstd.verifiedOffset == zstd.compressedOffset
    }
  }

  /// Appends at most `limit` bytes of what `source` gives, and returns how many of its bytes were used.
  func decompress(
    _ source: RawSpan, into bytes: inout [UInt8], _ limit: Int, _ path: String
  ) throws(FileError) -> Int {
    var consumed = 0
    switch self {
    case .gzip(let gzip):
      do throws(GzipError) {
        try bytes.append(addingCapacity: limit) { free throws(GzipError) in
          consumed = try gzip.decompress(source, into: &free)
        }
      } catch {
        throw .decompression(path, error)
      }
    case .zstd(let zstd):
      do throws(ZstdError) {
        try bytes.append(addingCapacity: limit) { free throws(ZstdError) in
          consumed = try zstd.decompress(source, into: &free)
        }
      } catch {
        throw .decompression(path, error)
      }
    case .undecided, .plain:
      break
    }
    return consumed
  }

  /// Says that the input ends here; throws when it must not.
  func finish(_ path: String) throws(FileError) {
    do throws(GzipError) {
      if case .gzip(let gzip) = self { try gzip.finish() }
    } catch {
      throw .decompression(path, error)
    }
    do throws(ZstdError) {
      if case .zstd(let zstd) = self { try zstd.finish() }
    } catch {
      throw .decompression(path, error)
    }
  }
}
