/// What a log says of itself: whose it is, how many leaves it has, and their root. The text of a note, as C2SP tlog-checkpoint has
/// it.
public struct Checkpoint: Sendable, Equatable {
  /// The log's name; its key has the same.
  public var origin: String
  public var size: UInt64
  public var root: TreeHash
  /// Lines after these.
  public var extensions: [String] = []

  public init(origin: String, size: UInt64, root: TreeHash) {
    (self.origin, self.size, self.root) = (origin, size, root)
  }

  /// Lines, each with its end.
  public var text: String {
    ([origin, "\(size)", root.base64] + extensions).map { "\($0)\n" }.joined()
  }

  /// Throws ``NoteError``.
  public init(text: String) throws(NoteError) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    guard lines.count >= 3, !lines.contains(where: \.isEmpty), let size = UInt64(lines[1]),
      String(size) == lines[1], let root = TreeHash(base64: String(lines[2]))
    else {
      throw NoteError(
        "this is no checkpoint of a log: its name, its size and its root, a line each")
    }
    self.init(origin: String(lines[0]), size: size, root: root)
    extensions = lines.dropFirst(3).map { String($0) }
  }

  /// The checkpoint of a note that `key` has signed. Throws ``NoteError`` when it has not, and when the log is called otherwise
  /// than its key.
  public init(of note: SignedNote, by key: VerifierKey) throws(NoteError) {
    try self.init(text: note.text)
    guard origin == key.name else {
      throw NoteError("the checkpoint is of the log \(origin), and the key of \(key.name)")
    }
    guard note.isSigned(by: key) else {
      throw NoteError("the checkpoint of \(size) leaves is not signed by the key \(key)")
    }
  }
}
