/// Texts that were entered, the newest last, kept in a file between runs.
///
/// Several processes may share the file: each adds its entries behind those of the others, and sees
/// the others' when it starts. A file that cannot be used is never an error: the history is then of
/// this run alone, and ``takeProblem()`` says why.
public final class History {
  /// Longer entries are not kept.
  static let maxEntryBytes = 1 << 20

  /// Oldest first, at most as many as the limit.
  public private(set) var entries: [String] = []
  private let limit: Int
  private let file: HistoryFile?
  private var problem: String?
  private var wasToldOfWriting = false

  /// Reads the file at `path`, or keeps nothing between runs if it is nil. The file is made with
  /// the first entry, readable by its owner alone; its directory must exist.
  public init(path: String? = nil, limit: Int = 5_000) {
    self.limit = max(1, limit)
    file = path.map { HistoryFile(path: $0) }
    guard let file else { return }
    do {
      let content = try file.read(maxEntryBytes: Self.maxEntryBytes)
      for entry in content.entries where entry != entries.last { entries.append(entry) }
      trim()
      if content.damaged > 0 {
        problem =
          "the history \(file.path) has \(content.damaged) damaged "
          + "\(content.damaged == 1 ? "entry" : "entries"), left out"
      }
      // Seldom, so that a run costs no more than its own entries.
      if content.entries.count > self.limit * 2 || content.damaged > 0 {
        try file.rewrite(limit: self.limit, maxEntryBytes: Self.maxEntryBytes)
      }
    } catch {
      problem = "the history is not kept: \(error)"
      wasToldOfWriting = true
    }
  }

  /// Adds an entry, unless it is blank, begins with a space, or is the last one again.
  public func add(_ text: String) {
    let isKept = text.first != " " && !text.allSatisfy(\.isWhitespace)
    if !isKept || text == entries.last || text.utf8.count > Self.maxEntryBytes { return }
    entries.append(text)
    trim()
    do {
      try file?.append(text)
    } catch {
      if !wasToldOfWriting { problem = "the history is not kept: \(error)" }
      wasToldOfWriting = true
    }
  }

  /// What is wrong with the file, to be shown once; nil if nothing is or it was taken before.
  public func takeProblem() -> String? {
    defer { problem = nil }
    return problem
  }

  private func trim() {
    if entries.count > limit { entries.removeFirst(entries.count - limit) }
  }
}
