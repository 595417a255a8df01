import Glibc

/// Where a file has gone that another one took the place of: programs that keep logs rename a file, or copy it and cut it off.
public enum FileRotation {
  /// The files beside `path` that have what follows the checkpoint, the oldest first: the one that was read up to it, and
  /// those that came after it and were rotated away as well. The file that is at `path` now is not among them. Empty when
  /// there is none, as when it was compressed.
  ///
  /// The one that was read has the bytes that the checkpoint says, and either its number, or its name with a number or a date
  /// behind it, as in `a.log.1` and `a.log-20240601`. Those after it have such a name and were written later.
  /// O(names in the directory).
  public static func files(
    after checkpoint: FileCheckpoint, at path: String
  ) throws(FileError) -> [(path: String, identity: FileIdentity)] {
    // While names change, a listing may pass over files: two that are the same in all have missed none.
    var candidates = try candidates(checkpoint, path)
    for _ in 0..<maxListings {
      _ = usleep(listingPauseMicroseconds)
      let again = try self.candidates(checkpoint, path)
      defer { candidates = again }
      if candidates.map(\.path) == again.map(\.path),
        candidates.map(\.status.identity) == again.map(\.status.identity)
      {
        break
      }
    }
    guard let first = candidates.firstIndex(where: { has(checkpoint, $0.path) }) else { return [] }
    let later = candidates[(first + 1)...].filter {
      $0.isNamedSo && !FileCheckpoint.isCompressed($0.path)
    }
    return ([candidates[first]] + later).map { ($0.path, $0.status.identity) }
  }

  private static let maxListings = 20
  private static let listingPauseMicroseconds: UInt32 = 2_000

  /// The files that may be it, or have come after it, in the order in which they were last written.
  private static func candidates(
    _ checkpoint: FileCheckpoint, _ path: String
  ) throws(FileError) -> [(path: String, status: FileStatus, isNamedSo: Bool)] {
    let (directory, name) = split(path)
    let current = FileStatus(path: path)?.identity
    var candidates: [(path: String, status: FileStatus, isNamedSo: Bool)] = []
    for other in try directoryNames(directory) where other != name {
      let isNamedSo = isRotated(other, of: name)
      let path = "\(directory)/\(other)"
      guard let status = FileStatus(path: path), status.identity != current,
        isNamedSo || status.identity == checkpoint.identity
      else { continue }
      candidates.append((path, status, isNamedSo))
    }
    candidates.sort { left, right in
      if left.status.modifiedNs != right.status.modifiedNs {
        return left.status.modifiedNs < right.status.modifiedNs
      }
      let (age, otherAge) = (generation(left.path), generation(right.path))
      return age == otherAge ? left.path < right.path : age > otherAge
    }
    return candidates
  }

  private static func has(_ checkpoint: FileCheckpoint, _ path: String) -> Bool {
    do throws(FileError) {
      var reader = try FileReader(path: path, format: checkpoint.format)
      switch try reader.resume(at: checkpoint) {
      case .continued, .unchanged: return true
      case .replaced: return false
      }
    } catch {
      return false
    }
  }

  /// The number that a rotated file is counted by: files of one moment, as clocks of file systems tell it, are the older the
  /// greater it is. 0 for dates, which go up instead.
  private static func generation(_ path: String) -> Int {
    let digits = path.reversed().prefix { $0.isASCII && $0.isWholeNumber }
    return digits.count < 6 ? Int(String(digits.reversed())) ?? 0 : 0
  }

  private static func isRotated(_ other: String, of name: String) -> Bool {
    guard other.hasPrefix(name) else { return false }
    let rest = other.dropFirst(name.count)
    guard let separator = rest.first, ".-_".contains(separator) else { return false }
    return rest.dropFirst().first?.isWholeNumber == true
  }

  /// The directory of an absolute path, and the name in it.
  public static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let directory = slash == path.startIndex ? "/" : String(path[..<slash])
    return (directory, String(path[path.index(after: slash)...]))
  }
}

extension FileCheckpoint {
  /// Whether the first bytes of a file are those of a compressed one; true when that cannot be told.
  fileprivate static func isCompressed(_ path: String) -> Bool {
    do throws(FileError) {
      let bytes = try InputFile(path: path).bytes(0..<4)
      return Compression(firstBytes: bytes.span) != .none
    } catch {
      return true
    }
  }
}
