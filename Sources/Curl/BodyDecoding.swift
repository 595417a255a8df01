import Gzip

/// Makes the body of an answer of what is sent of it. That is done here and not by libcurl, which takes a compressed body that is
/// cut off for a whole one.
final class BodyDecoding {
  private let url: String
  /// Nil for a body that is sent as it is.
  private let gzip: GzipDecompressor?

  /// Throws ``HTTPCallError`` where the body is compressed in a way that was not asked for.
  init(_ head: HTTPHead, url: String) throws {
    self.url = url
    let codings = head.headers.filter { $0.name.lowercased() == "content-encoding" }
      .flatMap { $0.value.lowercased().split(separator: ",") }
      .map { $0.filter { $0 != " " && $0 != "\t" } }.filter { !["", "identity"].contains($0) }
    switch codings {
    case []: gzip = nil
    case ["gzip"], ["x-gzip"]: gzip = try GzipDecompressor()
    default:
      let listed = codings.joined(separator: ", ")
      throw Self.error(url, "the answer is compressed by \(listed), which was not asked for")
    }
  }

  /// Hands out what a piece of the body gives, part by part. Throws ``HTTPCallError``, and what `take` throws. O(bytes of both).
  func decode(_ piece: [UInt8], _ take: ([UInt8]) throws -> Void) throws {
    guard let gzip else { return try take(piece) }
    var read = 0
    var isFull = true
    while read < piece.count || isFull {
      var part: [UInt8] = []
      var failure: GzipError?
      part.append(addingCapacity: Self.partBytes) { free in
        do throws(GzipError) {
          read += try gzip.decompress(piece.span.bytes.extracting(read..<piece.count), into: &free)
        } catch {
          failure = error
        }
        isFull = free.isFull
      }
      if !part.isEmpty { try take(part) }
      if let failure { throw Self.error(url, "\(failure)") }
    }
  }

  private static let partBytes = 64 << 10

  /// Nothing more comes. Throws ``HTTPCallError`` where something is missing.
  func finish() throws {
    do throws(GzipError) { try gzip?.finish() } catch { throw Self.error(url, "\(error)") }
  }

  private static func error(_ url: String, _ message: String) -> HTTPCallError {
    HTTPCallError(kind: .brokenOff, url: url, message: message)
  }
}
