/// Turns the bytes that a terminal sends into keys: UTF-8, the escape sequences of ECMA-48 (CSI)
/// and of VT keypads (SS3), bracketed paste, and Alt as a leading ESC.
///
/// Bytes may be cut anywhere. Any bytes give some keys: what is not understood is `Key.unknown`,
/// what is not UTF-8 is U+FFFD. O(bytes).
struct KeyDecoder {
  /// A longer paste is cut here.
  static let maxPasteBytes = 1 << 20
  /// A longer escape sequence is given up.
  private static let maxSequenceBytes = 64

  private enum State {
    case ground
    case escape
    /// In a character: its bytes so far and how many are still to come.
    case utf8(bytes: [UInt8], missing: Int, isAlt: Bool)
    case csi([UInt8])
    case ss3([UInt8])
    /// After `ESC [ [`, which begins the function keys of the Linux console.
    case console
    case paste
  }

  private var state = State.ground
  private var pasted: [UInt8] = []
  /// How many bytes of the mark that ends a paste have come.
  private var pasteEndMatched = 0
  private var keys: [Key] = []

  /// An ESC has arrived and nothing after it: after a short while it was the Escape key.
  var isEscapePending: Bool { if case .escape = state { true } else { false } }

  mutating func decode(_ bytes: some Sequence<UInt8>) -> [Key] {
    keys.removeAll()
    for byte in bytes { take(byte) }
    return keys
  }

  /// What a pending ESC was, now that nothing has followed.
  mutating func timeOut() -> [Key] {
    guard isEscapePending else { return [] }
    state = .ground
    return [.special(.escape)]
  }

  private mutating func take(_ byte: UInt8) {
    let current = state
    state = .ground
    switch current {
    case .ground: begin(byte, isAlt: false)
    case .escape: afterEscape(byte)
    case .utf8(let bytes, let missing, let isAlt): afterLead(bytes, missing, isAlt, byte)
    case .csi(let bytes): inCSI(bytes, byte)
    case .ss3(let bytes): inSS3(bytes, byte)
    case .console: keys.append(.unknown)
    case .paste: inPaste(byte)
    }
  }

  private mutating func begin(_ byte: UInt8, isAlt: Bool) {
    switch byte {
    case 0x1B: state = .escape
    case 0..<0x20, 0x7F: keys.append(control(byte, isAlt: isAlt))
    case 0x20..<0x7F: emit(String(UnicodeScalar(byte)), isAlt: isAlt)
    case 0xC2...0xDF: state = .utf8(bytes: [byte], missing: 1, isAlt: isAlt)
    case 0xE0...0xEF: state = .utf8(bytes: [byte], missing: 2, isAlt: isAlt)
    case 0xF0...0xF4: state = .utf8(bytes: [byte], missing: 3, isAlt: isAlt)
    default: keys.append(.text("\u{FFFD}"))
    }
  }

  private func control(_ byte: UInt8, isAlt: Bool) -> Key {
    let modifiers: Key.Modifiers = isAlt ? .alt : []
    switch byte {
    case 0x0A, 0x0D: return .special(.enter, modifiers)
    case 0x09: return .special(.tab, modifiers)
    case 0x08, 0x7F: return .special(.backspace, modifiers)
    case 0: return .control("@")
    // "A" to "Z" have lower case; "[" to "_" are as they are.
    case 1...26: return .control(Character(UnicodeScalar(byte + 0x60)))
    default: return .control(Character(UnicodeScalar(byte + 0x40)))
    }
  }

  private mutating func emit(_ text: String, isAlt: Bool) {
    let isControl = text.unicodeScalars.allSatisfy { 0x80..<0xA0 ~= $0.value }
    if isControl {
      keys.append(.unknown)
    } else if isAlt, let character = text.first {
      keys.append(.alt(character))
    } else {
      keys.append(.text(text))
    }
  }

  private mutating func afterEscape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "["): state = .csi([])
    case UInt8(ascii: "O"): state = .ss3([])
    case 0x1B:
      keys.append(.special(.escape))
      state = .escape
    default: begin(byte, isAlt: true)
    }
  }

  private mutating func afterLead(_ bytes: [UInt8], _ missing: Int, _ isAlt: Bool, _ byte: UInt8) {
    guard 0x80..<0xC0 ~= byte else {
      keys.append(.text("\u{FFFD}"))
      return begin(byte, isAlt: false)
    }
    if missing > 1 {
      state = .utf8(bytes: bytes + [byte], missing: missing - 1, isAlt: isAlt)
    } else {
      // Overlong forms and surrogates come out as U+FFFD, maybe several.
      let text = String(decoding: bytes + [byte], as: UTF8.self)
      emit(text.unicodeScalars.count == 1 ? text : "\u{FFFD}", isAlt: isAlt)
    }
  }

  // MARK: Sequences

  private mutating func inCSI(_ bytes: [UInt8], _ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "[") where bytes.isEmpty: state = .console
    case 0x20..<0x40 where bytes.count < Self.maxSequenceBytes: state = .csi(bytes + [byte])
    case 0x40..<0x7F: endCSI(bytes, byte)
    case 0x20..<0x40: keys.append(.unknown)
    default:
      keys.append(.unknown)
      begin(byte, isAlt: false)
    }
  }

  private mutating func endCSI(_ bytes: [UInt8], _ final: UInt8) {
    let numbers = bytes.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
      .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    let modifiers = Key.Modifiers(rawValue: max(0, (numbers.count > 1 ? numbers[1] : 1) - 1) & 7)
    if final == UInt8(ascii: "~") {
      switch numbers[0] {
      case 200: state = .paste
      case 1, 7: keys.append(.special(.home, modifiers))
      case 2: keys.append(.special(.insert, modifiers))
      case 3: keys.append(.special(.delete, modifiers))
      case 4, 8: keys.append(.special(.end, modifiers))
      case 5: keys.append(.special(.pageUp, modifiers))
      case 6: keys.append(.special(.pageDown, modifiers))
      default: keys.append(.unknown)
      }
    } else if final == UInt8(ascii: "Z") {
      keys.append(.special(.tab, .shift))
    } else {
      keys.append(Self.arrow(final).map { .special($0, modifiers) } ?? .unknown)
    }
  }

  private mutating func inSS3(_ bytes: [UInt8], _ byte: UInt8) {
    switch byte {
    // Some terminals put a modifier here: `ESC O 5 C`.
    case UInt8(ascii: "0")...UInt8(ascii: "9") where bytes.isEmpty: state = .ss3([byte])
    case UInt8(ascii: "a")...UInt8(ascii: "d"):
      keys.append(Self.arrow(byte - 0x20).map { .special($0, .control) } ?? .unknown)
    case UInt8(ascii: "M"): keys.append(.special(.enter))
    case 0x20..<0x7F:
      let number = bytes.first.map { Int($0 - UInt8(ascii: "0")) } ?? 1
      let modifiers = Key.Modifiers(rawValue: max(0, number - 1) & 7)
      keys.append(Self.arrow(byte).map { .special($0, modifiers) } ?? .unknown)
    default:
      keys.append(.unknown)
      begin(byte, isAlt: false)
    }
  }

  private static func arrow(_ final: UInt8) -> Key.Special? {
    switch final {
    case UInt8(ascii: "A"): .up
    case UInt8(ascii: "B"): .down
    case UInt8(ascii: "C"): .right
    case UInt8(ascii: "D"): .left
    case UInt8(ascii: "F"): .end
    case UInt8(ascii: "H"): .home
    default: nil
    }
  }

  // MARK: Paste

  private static let pasteEnd: [UInt8] = Array("\u{1B}[201~".utf8)

  private mutating func inPaste(_ byte: UInt8) {
    if byte == Self.pasteEnd[pasteEndMatched] {
      pasteEndMatched += 1
      if pasteEndMatched < Self.pasteEnd.count {
        state = .paste
        return
      }
      keys.append(.paste(Self.cleaned(pasted)))
      pasted = []
      pasteEndMatched = 0
      return
    }
    // It was no end after all. ESC is only at the mark's beginning.
    pasted.append(contentsOf: Self.pasteEnd[..<pasteEndMatched])
    pasteEndMatched = byte == Self.pasteEnd[0] ? 1 : 0
    if pasteEndMatched == 0 { pasted.append(byte) }
    // What is too long is read to its end, and dropped.
    if pasted.count > Self.maxPasteBytes {
      pasted.removeLast(pasted.count - Self.maxPasteBytes)
    }
    state = .paste
  }

  /// Line breaks as `\n`, and no other control character but the tab.
  static func cleaned(_ bytes: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    var isAfterReturn = false
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      defer { isAfterReturn = scalar == "\r" }
      switch scalar.value {
      case 0x0D: text.append("\n")
      case 0x0A: if !isAfterReturn { text.append("\n") }
      case 0x09: text.append(scalar)
      case 0..<0x20, 0x7F..<0xA0: continue
      default: text.append(scalar)
      }
    }
    return String(text)
  }
}
