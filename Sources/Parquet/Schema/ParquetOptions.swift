/// How a file is cut, and compressed.
public struct ParquetOptions: Sendable {
  /// Rows of a row group, what a reader takes at a time. The last one has fewer, and so has one whose bytes are
  /// ``maxGroupBytes`` before.
  public var groupRows = 1_048_576
  /// About the most that a row group takes, compressed: it is in memory until it is complete.
  public var maxGroupBytes = 128 << 20
  /// Rows of a page, what the page index lets readers pass over.
  public var pageRows = 20_480
  /// About the bytes of a page of strings.
  public var pageBytes = 1 << 20
  /// About the bytes of a dictionary; values that come when it is so large are written plain.
  public var maxDictionaryBytes = 1 << 20
  /// Of zstd.
  public var compressionLevel: Int32 = 1
  /// Who writes the file, as the footer says it: `NAME version VERSION`.
  public var createdBy = "nilometer"

  public init() {}
}
