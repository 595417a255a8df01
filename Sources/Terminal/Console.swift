import Glibc

/// What standard input and output are connected to.
public enum Console {
  /// Columns of the terminal at standard output; 80 if there is none.
  public static var columns: Int { Descriptor.size(of: STDOUT_FILENO).columns }

  /// Rows of the terminal at standard output; 24 if there is none.
  public static var rows: Int { Descriptor.size(of: STDOUT_FILENO).rows }

  /// Whether someone types and reads: both ends are a terminal.
  public static var isInteractive: Bool {
    Descriptor.isTerminal(STDIN_FILENO) && Descriptor.isTerminal(STDOUT_FILENO)
  }

  /// Whether output may have colours: standard output is a terminal that is not dumb, and
  /// `NO_COLOR` is unset or empty.
  public static var isColored: Bool {
    Descriptor.isTerminal(STDOUT_FILENO) && !isDumb && (environmentValue("NO_COLOR") ?? "").isEmpty
  }

  /// Whether the terminal understands no escape sequences.
  static var isDumb: Bool { ["", "dumb"].contains(environmentValue("TERM") ?? "") }
}
