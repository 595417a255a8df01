import Bytes

/// A physical column: the values of one kind at one path. A field that changes its type has several.
struct ColumnInfo: Equatable {
  var path: Text
  var kind: SlotKind
  /// One value for each element of the exploded array, not for each event.
  var isElement: Bool
}
