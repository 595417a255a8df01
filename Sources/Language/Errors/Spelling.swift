import Bytes

/// Finds what a misspelt word was meant to be.
public enum Spelling {
  /// The candidate that is fewest edits away from `word`, if it is near at all. Words longer than
  /// 100 bytes have none. Case does not count; of equally near ones the first is taken. O(bytes of the word x bytes of
  /// the candidates).
  public static func nearest(_ word: String, _ candidates: [String]) -> String? {
    let word = Array(asciiLowercased(word).utf8)
    guard word.count <= 100 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let distance = distance(word, Array(asciiLowercased(candidate).utf8))
      let limit = max(1, min(word.count, candidate.utf8.count) / 3)
      if distance <= limit, best.map({ distance < $0.distance }) ?? true {
        best = (candidate, distance)
      }
    }
    return best?.name
  }

  /// The same of texts.
  public static func nearest(_ word: Text, _ candidates: [Text]) -> Text? {
    nearest(word.string, candidates.map(\.string)).map { Text($0) }
  }

  /// The number of bytes to insert, delete, replace or swap with their neighbour: optimal string
  /// alignment (Damerau 1964, Wagner and Fischer 1974).
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
