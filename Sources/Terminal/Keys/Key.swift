/// What a person did at the keyboard.
enum Key: Equatable, Sendable {
  /// One character typed, as the scalar that arrived: combining marks come by themselves.
  case text(String)
  /// Text pasted in one go, line breaks as `\n`.
  case paste(String)
  case special(Special, Modifiers = [])
  /// Ctrl with a key, in lower case: `control("a")`.
  case control(Character)
  case alt(Character)
  /// A sequence that means nothing here.
  case unknown

  enum Special: Sendable {
    case enter, tab, backspace, delete, insert, escape
    case up, down, left, right, home, end, pageUp, pageDown
  }

  struct Modifiers: OptionSet, Sendable {
    let rawValue: Int

    // The bits of xterm's modifier parameter less one.
    static let shift = Modifiers(rawValue: 1)
    static let alt = Modifiers(rawValue: 2)
    static let control = Modifiers(rawValue: 4)
  }
}
