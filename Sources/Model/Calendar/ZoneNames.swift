import FoundationEssentials

/// The names of the time zones that the system has, for proposals.
enum ZoneNames {
  /// Zones and links of tzdata.zi (its lines "Z name ..." and "L target name"), else those of zone.tab.
  static let all: [String] = {
    func fields(_ file: String) -> [[Substring]] {
      let path = "\(ZoneRules.directory)/\(file)"
      guard let data = FileManager.default.contents(atPath: path) else { return [] }
      return String(decoding: data, as: UTF8.self).split(separator: "\n")
        .map { $0.split { $0 == " " || $0 == "\t" } }
    }
    let names = fields("tzdata.zi").compactMap { line -> Substring? in
      switch line.first {
      case "Z" where line.count > 1: line[1]
      case "L" where line.count > 2: line[2]
      default: nil
      }
    }
    let fallback = names.isEmpty ? fields("zone.tab").filter { $0.count > 2 }.map { $0[2] } : []
    return (names + fallback).map(String.init).filter { $0 != "Factory" }.sorted()
  }()

  /// The name that `text` probably means, by its whole ("europe/pari") or by its city ("Paris").
  static func nearest(to text: String) -> String? {
    guard !text.isEmpty, text.utf8.count <= ZoneRules.maxNameBytes else { return nil }
    let wanted = key(text)
    var best: (name: String, distance: Int)?
    for name in all {
      let whole = key(name)
      let city = key(String(name.split(separator: "/").last ?? ""))
      // A match of the city alone is a little further than one of the whole name.
      let distance = min(editDistance(wanted, whole) * 2, editDistance(wanted, city) * 2 + 1)
      if distance < best?.distance ?? .max { best = (name, distance) }
    }
    let limit = wanted.count < 5 ? 3 : 5
    return best.flatMap { $0.distance <= limit ? $0.name : nil }
  }

  private static func key(_ name: String) -> [UInt8] {
    name.lowercased().utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "_") : $0 }
  }

  /// The insertions, deletions and replacements between two words (Levenshtein). O(n·m).
  private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let replaced = diagonal + (byte == right[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
