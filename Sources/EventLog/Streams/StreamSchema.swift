import Bytes
import Model
import Synchronization

/// What the log has learned of a stream's documents: columns and shapes, numbered in order of discovery.
/// Shared by all threads that parse; it only ever grows.
final class StreamSchema: Sendable {
  struct State {
    var columns: [ColumnInfo] = []
    /// Columns whose strings seldom repeat.
    var plainColumns: Set<Int32> = []
    var trie = ShapeTrie()
    /// Fields that got no column, since the stream has ``Limits/maxColumns`` already or their names are longer than
    /// ``Limits/maxFieldNameBytes``; at most ``Limits/maxColumns`` are remembered.
    var fieldsWithoutColumn: Set<Text> = []
    fileprivate var numbers: [ColumnKey: Int32] = [:]
    fileprivate var paths: Set<Text> = []
  }

  fileprivate struct ColumnKey: Hashable {
    var path: Text
    var kind: SlotKind
    var isElement: Bool
  }

  private let state: Mutex<State>

  init() { state = Mutex(State()) }

  /// What was learned before of a stream that is now as `definition` says.
  init(
    columns: [ColumnInfo], shapes: [Shape], fieldsWithoutColumn: [Text],
    of definition: StreamDefinition
  ) {
    var initial = State()
    for column in columns { _ = Self.add(column, to: &initial) }
    for shape in shapes { initial.trie.add(shape, columns, definition) }
    initial.fieldsWithoutColumn = Set(fieldsWithoutColumn)
    state = Mutex(initial)
  }

  /// The state as it is now. O(1) until it changes again.
  func snapshot() -> State { state.withLock { $0 } }

  /// The number of the column, which is made when there is none yet; nil when the stream has as many as it
  /// may have.
  func column(_ path: Text, _ kind: SlotKind, isElement: Bool) -> Int32? {
    state.withLock { state in
      Self.add(ColumnInfo(path: path, kind: kind, isElement: isElement), to: &state)
    }
  }

  private static func add(_ column: ColumnInfo, to state: inout State) -> Int32? {
    let path = column.path
    let key = ColumnKey(path: path, kind: column.kind, isElement: column.isElement)
    if let number = state.numbers[key] { return number }
    guard state.paths.contains(path) || state.paths.count < Limits.maxColumns else {
      add(fieldWithoutColumn: path, to: &state)
      return nil
    }
    state.paths.insert(path)
    state.columns.append(column)
    let number = Int32(state.columns.count - 1)
    state.numbers[key] = number
    return number
  }

  /// Remembers that there is such a field, if there is room.
  func addFieldWithoutColumn(_ name: Text) {
    state.withLock { Self.add(fieldWithoutColumn: name, to: &$0) }
  }

  private static func add(fieldWithoutColumn name: Text, to state: inout State) {
    if state.fieldsWithoutColumn.count < Limits.maxColumns {
      state.fieldsWithoutColumn.insert(name)
    }
  }

  /// The number of the shape; ``Shape/none`` when there are too many.
  func learn(_ shape: Shape) -> UInt32 { state.withLock { $0.trie.insert(shape) } }

  func markPlain(_ column: Int32) { state.withLock { _ = $0.plainColumns.insert(column) } }
}
