import FileConnector
import Model
import Synchronization

/// The documents of a file, one after the other, each on one line: rows of tables as JSON objects. Not of compressed files
/// that are damaged: their documents before the damage come, then the error.
///
/// A few KiB are read at a time, so that many can be read side by side. Threads may share it; each document goes to one.
public final class DocumentSequence: Sendable {
  private let path: String
  private let isLoop: Bool
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var reader: FileReader
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: 0)
    var next = 0
    var round = 0
    var countOfRound = 0
    var refused: UInt64 = 0
  }

  /// A document of the file.
  public struct Element: Sendable, Equatable {
    public var bytes: [UInt8]
    /// How often the file has begun again before it.
    public var round: Int
  }

  private static let chunkBytes = 64 << 10

  /// Opens the file. With `isLoop` it begins again at its end, for ever. Throws ``FileError``.
  public init(path: String, isLoop: Bool) throws(FileError) {
    (self.path, self.isLoop) = (path, isLoop)
    state = Mutex(State(reader: try Self.open(path)))
  }

  private static func open(_ path: String) throws(FileError) -> FileReader {
    try FileReader(path: path, format: nil, targetChunkBytes: chunkBytes)
  }

  /// The documents that could not be cut from the file, and were left out.
  public var refusedCount: UInt64 { state.withLock { $0.refused } }

  /// The next document; nil at the end, and when a file that is to begin again has none. O(its bytes), and now and then the
  /// time of a read. Throws ``FileError``.
  public func next() throws -> Element? {
    try state.withLock { state in
      while state.next == state.batch.documents.count {
        if let chunk = try state.reader.next() {
          state.batch = chunk.documents()
          state.refused += UInt64(state.batch.refused.count)
          state.next = 0
          continue
        }
        guard isLoop, state.countOfRound > 0 else { return nil }
        state.reader = try Self.open(path)
        (state.round, state.countOfRound) = (state.round + 1, 0)
      }
      let range = state.batch.documents[state.next]
      state.next += 1
      state.countOfRound += 1
      let bytes = state.batch.bytes[Int(range.start)..<Int(range.start) + Int(range.byteCount)]
      return Element(bytes: Self.line(bytes), round: state.round)
    }
  }

  /// Without line ends: between tokens they are as good as spaces, and within strings JSON does not allow them.
  private static func line(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    bytes.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
  }
}
