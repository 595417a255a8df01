import CZlib
import CZstd
import Foundation
import Glibc
import Model
import TestSupport
import Testing

@testable import FileConnector

/// A document as a test sees it.
struct Found: Equatable, CustomStringConvertible {
  var text: String
  var position: Int64
  var description: String { "\(position):\(text)" }
}

/// All that a reader handed out, checked for what holds for every format.
struct Reading {
  var documents: [Found] = []
  var refused: [RefusedDocument] = []
  var chunkCount = 0
  var endPosition: Int64 = 0
  var error: FileError?
  var note: String?

  var texts: [String] { documents.map(\.text) }
  var reasons: [String] { refused.map(\.reason) }

  mutating func add(_ batch: DocumentBatch) {
    chunkCount += 1
    for range in batch.documents {
      let bytes = batch.bytes[Int(range.start)..<(Int(range.start) + Int(range.byteCount))]
      documents.append(
        Found(text: String(decoding: bytes, as: UTF8.self), position: range.position))
    }
    refused += batch.refused
    precondition(batch.endPosition >= endPosition, "positions go forward")
    endPosition = batch.endPosition
  }

  mutating func addAll(of reader: inout FileReader) {
    do throws(FileError) {
      while let chunk = try reader.next() { add(chunk.documents()) }
    } catch {
      self.error = error
    }
    note = reader.note
  }
}

/// A file that is removed with its object.
final class TemporaryFile {
  let path: String

  init(_ bytes: [UInt8], name: String = "events") throws {
    path = NSTemporaryDirectory() + "nilo-\(UUID().uuidString)-\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  convenience init(_ text: String, name: String = "events") throws {
    try self.init(Array(text.utf8), name: name)
  }

  deinit { _ = unsafe unlink(path) }
}

/// Reads a file with these bytes to its end.
func read(
  _ bytes: [UInt8], _ format: FileFormat, decimalMark: DecimalMark? = nil, chunk: Int = 8 << 20
) throws -> Reading {
  let file = try TemporaryFile(bytes)
  var reader = try FileReader(
    path: file.path, format: format, decimalMark: decimalMark, targetChunkBytes: chunk)
  var reading = Reading()
  reading.addAll(of: &reader)
  return reading
}

func read(
  _ text: String, _ format: FileFormat, decimalMark: DecimalMark? = nil, chunk: Int = 8 << 20
) throws -> Reading {
  try read(Array(text.utf8), format, decimalMark: decimalMark, chunk: chunk)
}

/// A pipe whose writing end a test holds.
final class TestPipe {
  let readEnd: Int32
  private var writeEnd: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    precondition(unsafe pipe(&ends) == 0)
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  func write(_ text: String) { write(Array(text.utf8)) }

  func write(_ bytes: [UInt8]) {
    precondition(unsafe Glibc.write(writeEnd, bytes, bytes.count) == bytes.count)
  }

  func closeWriteEnd() {
    if writeEnd >= 0 { close(writeEnd) }
    writeEnd = -1
  }

  func reader(
    _ format: FileFormat, chunk: Int = 8 << 20,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> FileReader {
    let file = try InputFile(descriptor: readEnd, name: "stdin", closesDescriptor: true)
    return FileReader(
      file: file, sourceName: "stdin", totalBytes: nil, format: format, targetChunkBytes: chunk,
      isCancelled: isCancelled)
  }

  deinit { closeWriteEnd() }
}

/// One gzip member.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream = unsafe z_stream()
  let windowBits: Int32 = 15 + 16
  precondition(
    unsafe deflateInit2_(
      &stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size)) == Z_OK)
  defer { unsafe deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(unsafe deflateBound(&stream, UInt(bytes.count))))
  let count = unsafe input.withUnsafeMutableBufferPointer { source in
    unsafe output.withUnsafeMutableBufferPointer { target in
      unsafe stream.next_in = source.baseAddress
      unsafe stream.avail_in = UInt32(source.count)
      unsafe stream.next_out = target.baseAddress
      unsafe stream.avail_out = UInt32(target.count)
      precondition(unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END)
      return unsafe target.count - Int(stream.avail_out)
    }
  }
  return Array(output[..<count])
}

/// One Zstandard frame with a checksum, as the tool zstd makes it.
func zstd(_ bytes: [UInt8]) throws -> [UInt8] {
  let context = unsafe try #require(ZSTD_createCCtx())
  defer { unsafe ZSTD_freeCCtx(context) }
  unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
  let capacity = output.count
  let count = unsafe ZSTD_compress2(context, &output, capacity, bytes, bytes.count)
  try #require(ZSTD_isError(count) == 0)
  return Array(output[..<count])
}

extension SeededGenerator {
  /// A random string with all that the formats treat in a special way.
  mutating func text(maxLength: Int = 12) -> String {
    let alphabet = [
      "a", "b", "7", " ", ",", ";", "\"", "\\", "{", "}", "[", "]", ":", "é", "雪", "𝄞",
    ]
    return (0..<below(maxLength + 1)).map { _ in alphabet[below(alphabet.count)] }.joined()
  }
}

/// The seed of this run: NILO_SEED, or another one each time.
let runSeed: UInt64 =
  ProcessInfo.processInfo.environment["NILO_SEED"].flatMap(UInt64.init)
  ?? UInt64.random(in: 0...UInt64.max)
