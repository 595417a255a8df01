import Bytes

/// A field to group by, with the name of its column.
public struct GroupField: Sendable, Equatable {
  public var path: FieldPath
  /// What AS calls it.
  public var alias: Text?

  public init(_ path: FieldPath, alias: Text? = nil) {
    self.path = path
    self.alias = alias
  }

  /// What its column is called.
  public var name: Text { alias ?? path.path }

  public var span: TextSpan { path.span }
}

/// Columns that answers have of their own, such as `state`. They give way to what was asked for by that name.
public enum OwnColumn {
  /// The name of an own column beside others: `state`, or `bucket_state` when one of them is called `state`. A number
  /// is put after it when that is taken, too. O(names) for each that is.
  public static func name(
    _ wanted: Text, of what: String = "bucket", beside names: [Text]
  ) -> Text {
    if !names.contains(wanted) { return wanted }
    let longer = Text("\(what)_\(wanted.string)")
    var (name, count) = (longer, 1)
    while names.contains(name) {
      count += 1
      name = Text("\(longer.string)_\(count)")
    }
    return name
  }
}
