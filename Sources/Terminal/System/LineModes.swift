import Glibc

/// The modes of a terminal's line.
struct LineModes {
  private var modes = termios()

  init(of descriptor: Int32) throws {
    if unsafe tcgetattr(descriptor, &modes) != 0 {
      throw TerminalError("the terminal's modes cannot be read", code: errno)
    }
  }

  /// Bytes as they are typed, no echo, no signals, no flow control. Output stays as it was.
  var raw: LineModes {
    var raw = self
    raw.modes.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON)
    raw.modes.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
    raw.modes.c_cflag |= tcflag_t(CS8)
    raw.modes.c_cc.6 = 1  // VMIN
    raw.modes.c_cc.5 = 0  // VTIME
    return raw
  }

  var isRaw: Bool { modes.c_lflag & tcflag_t(ICANON | ECHO | ISIG) == 0 }

  /// What was typed ahead stays.
  func set(_ descriptor: Int32) throws {
    var modes = modes
    while unsafe tcsetattr(descriptor, TCSADRAIN, &modes) != 0 {
      if errno != EINTR {
        throw TerminalError("the terminal's modes cannot be changed", code: errno)
      }
    }
  }
}
