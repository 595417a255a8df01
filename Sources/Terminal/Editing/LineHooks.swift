/// What the editor asks its caller about the text. All offsets are of UTF-8 bytes.
public struct LineHooks {
  /// The styles of parts of the text, by ascending ranges that do not overlap; the rest has none.
  /// Called for each picture of the text, so it should be linear and fast.
  public var highlight: (_ text: String) -> [(range: Range<Int>, style: TextStyle)]
  /// What the text could go on with at `cursor`.
  public var complete: (_ text: String, _ cursor: Int) -> Completion
  /// Whether Enter hands the text over; if not, it begins a new line. Blank text is always handed
  /// over.
  public var isComplete: (_ text: String) -> Bool

  /// By default nothing is highlighted or completed, and each line is handed over.
  public init(
    highlight: @escaping (String) -> [(range: Range<Int>, style: TextStyle)] = { _ in [] },
    complete: @escaping (String, Int) -> Completion = { _, cursor in .none(at: cursor) },
    isComplete: @escaping (String) -> Bool = { _ in true }
  ) {
    self.highlight = highlight
    self.complete = complete
    self.isComplete = isComplete
  }
}

/// Texts, one of which may take the place of a part of the text.
public struct Completion {
  /// One text that may take the place.
  public struct Candidate: Equatable {
    public var text: String
    /// What it is, shown beside it; nil for nothing.
    public var description: String?

    public init(_ text: String, description: String? = nil) {
      self.text = text
      self.description = description
    }
  }

  /// The UTF-8 offsets of what a candidate replaces: mostly the word before the cursor.
  public var replaceRange: Range<Int>
  public var candidates: [Candidate]

  /// Without candidates nothing is completed.
  public init(replaceRange: Range<Int>, candidates: [Candidate]) {
    self.replaceRange = replaceRange
    self.candidates = candidates
  }

  /// Nothing to complete at the UTF-8 offset `cursor`.
  public static func none(at cursor: Int) -> Completion {
    Completion(replaceRange: cursor..<cursor, candidates: [])
  }
}
