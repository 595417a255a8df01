/// The limits that hold everywhere; each is named in the error or report it causes.
public enum Limits {
  /// A larger document is rejected at the edge.
  public static let maxDocumentBytes = 10_485_760
  /// A line over ``maxDocumentBytes`` is refused when it has so many bytes, though its end has not come: it may have none.
  public static let maxOpenLineBytes = 64 << 20
  /// Columns of one stream; fields beyond it stay in the original bytes only and are reported.
  public static let maxColumns = 1_000
  /// Length of a field's name, its dotted path; a field of a longer one stays in the original bytes only and is reported.
  public static let maxFieldNameBytes = 1_024
  /// Nesting of one document; deeper is rejected.
  public static let maxNesting = 1_024
  /// How much of a rejected document the ledger keeps.
  public static let ledgerHeadBytes = 1_024
  /// Length of a source's or an actor's name; enough for the path of any file.
  public static let maxSourceNameBytes = 4_096
  /// What a connector may note of a source.
  public static let maxProgressBytes = 65_536
  /// How much of a duplicate's id the ledger keeps.
  public static let ledgerIdBytes = 1_024
  /// Events of one block.
  public static let maxBlockEvents = 65_536
}
