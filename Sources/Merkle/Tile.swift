/// A tile of a log: up to 256 hashes of a level, or the leaves below one, by its place. Its path is that of C2SP tlog-tiles.
public struct Tile: Hashable, Sendable {
  /// What a tile has.
  public enum Content: Hashable, Sendable {
    /// Hashes of a level, 0 for those of leaves.
    case hashes(level: Int)
    /// The data of leaves, each after its length of two bytes.
    case entries
  }

  public var content: Content
  public var index: UInt64
  /// 256 when it is full.
  public var width: Int

  /// A full one, unless `width` says otherwise.
  public init(_ content: Content, _ index: UInt64, width: Int = HashLevels.tileWidth) {
    (self.content, self.index, self.width) = (content, index, width)
  }

  /// The hashes or leaves that it has of its level. O(1).
  public var range: Range<UInt64> {
    let first = index * UInt64(HashLevels.tileWidth)
    return first..<first + UInt64(width)
  }

  /// How many hashes a level has in a tree of `size` leaves.
  public static func count(ofLevel level: Int, size: UInt64) -> UInt64 {
    size >> UInt64(level * HashLevels.tileHeight)
  }

  /// The last level that tlog-tiles has.
  private static let maxLevel = 63
  /// Beyond these there is no leaf of a 64-bit number.
  private static let maxIndex = UInt64.max / UInt64(HashLevels.tileWidth) - 1

  /// `tile/0/x001/067`, `tile/entries/x001/067.p/8`.
  public var path: String {
    let kind =
      switch content {
      case .hashes(let level): "\(level)"
      case .entries: "entries"
      }
    var groups: [String] = []
    var rest = index
    repeat {
      let digits = String(rest % 1_000)
      groups.append(
        (groups.isEmpty ? "" : "x") + String(repeating: "0", count: 3 - digits.count) + digits)
      rest /= 1_000
    } while rest > 0
    let part = width < HashLevels.tileWidth ? ".p/\(width)" : ""
    return "tile/\(kind)/\(groups.reversed().joined(separator: "/"))\(part)"
  }

  /// Nil for what is no path of a tile, or is not written as ``path`` does.
  public init?(path: String) {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)[...]
    guard parts.popFirst() == "tile", let kind = parts.popFirst() else { return nil }
    if kind == "entries" {
      content = .entries
    } else {
      guard let level = Int(kind), 0...Self.maxLevel ~= level else { return nil }
      content = .hashes(level: level)
    }
    width = HashLevels.tileWidth
    if parts.count >= 2, parts[parts.endIndex - 2].hasSuffix(".p") {
      guard let number = Int(parts.removeLast()), 1..<HashLevels.tileWidth ~= number,
        let last = parts.popLast()
      else { return nil }
      width = number
      parts.append(last.dropLast(2))
    }
    guard !parts.isEmpty, parts.count <= 7 else { return nil }
    index = 0
    for (place, part) in parts.enumerated() {
      let isLast = place == parts.count - 1
      let digits = isLast ? part : part.dropFirst()
      guard isLast || part.hasPrefix("x"), digits.utf8.count == 3, let group = UInt64(digits),
        index <= Self.maxIndex / 1_000
      else { return nil }
      index = index * 1_000 + group
    }
    // One tile has one path.
    guard index <= Self.maxIndex, self.path == path else { return nil }
  }
}
