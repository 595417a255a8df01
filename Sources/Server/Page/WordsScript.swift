import Language

/// `data/words.js` of the page: the words of the language, which its editor colours and completes. The program makes it of what
/// its own parser knows, so that they cannot differ.
enum WordsScript {
  static let path = "data/words.js"

  static let text = """
    /** The words of the query language. */
    export const reserved = \(array(Vocabulary.reserved));
    export const contextual = \(array(Vocabulary.contextual));
    export const functions = \(array(Vocabulary.functions));

    """

  /// Words are letters alone.
  private static func array(_ words: [String]) -> String {
    "'\(words.joined(separator: " "))'.split(' ')"
  }
}
