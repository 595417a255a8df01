import Bytes
import Language

extension StreamInfo {
  /// A note for each field that the stream's definition names and none of its events has a value at, such as one that was
  /// misspelt. Empty as long as there are no events.
  public var notesOfAbsentFields: [String] {
    if facts == 0 { return [] }
    var notes: [String] = []
    func note(_ path: Text, _ use: String, _ others: [Text]) {
      let nearest = Spelling.nearest(path, others).map { "; did you mean \($0)?" } ?? ""
      notes.append("no event of \(name) has a value at \(path), which is its \(use)\(nearest)")
    }
    let paths = fields.map(\.path)
    if let keyPath, !paths.contains(keyPath) { note(keyPath, "key", ownPaths + elementPaths) }
    for path in dedupPaths where !paths.contains(path) {
      note(path, dedupPaths.count == 1 ? "dedup id" : "dedup id in part", ownPaths)
    }
    if let explodePath, elementPaths.isEmpty, !paths.contains(explodePath) {
      note(explodePath, "array that explodes", fields.filter(\.hasLists).map(\.path))
    }
    return notes
  }

  private var elementPaths: [Text] { fields.map(\.path).filter(isInElements) }

  /// Those of documents, and not of elements.
  private var ownPaths: [Text] {
    fields.filter { !isInElements($0.path) && $0.kind != .list }.map(\.path)
  }

  private func isInElements(_ path: Text) -> Bool {
    explodePath.map { path.string.utf8.starts(with: "\($0).".utf8) } ?? false
  }
}
