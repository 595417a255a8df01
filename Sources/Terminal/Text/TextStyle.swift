/// What a piece of text is, which decides how it is shown.
public enum TextStyle: Sendable, CaseIterable {
  case keyword, function, string, number, name, `operator`, comment, error
  /// A prompt; what matters less; what is chosen in a list.
  case prompt, faint, selected

  /// The parameters of ECMA-48's SGR, for a terminal of 16 colours. Yellow, white and the bright
  /// colours are left out, since they cannot be read on white; so is plain blue, on black.
  var parameters: String? {
    switch self {
    case .keyword: "1;35"
    case .function: "1;34"
    case .string: "32"
    case .number: "36"
    case .name, .operator: nil
    case .comment, .faint: "90"
    case .error: "4;31"
    case .prompt: "1"
    case .selected: "7"
    }
  }

  /// `text` in this style, or as it is when `isColored` is false.
  public func apply(to text: String, isColored: Bool) -> String {
    guard isColored, let parameters else { return text }
    return "\u{1B}[\(parameters)m\(text)\u{1B}[0m"
  }
}
