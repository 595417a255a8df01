import Bytes

/// The labels of a series, by name. A label that is the empty text is as one that is absent, so there is none here.
public struct Labels: Sendable, Hashable {
  /// A label of a series.
  public struct Pair: Sendable, Hashable {
    public var name: Text
    public var value: Text
  }

  /// The label that has the metric's name.
  public static let metricName: Text = "__name__"

  /// Ascending by name, none twice, no value empty.
  public private(set) var pairs: [Pair] = []

  /// Of a series without labels.
  public init() {}

  /// Those of a list, in any order; the last of a name counts. O(n²), of a handful.
  public init(_ list: [(Text, Text)]) {
    for (name, value) in list { self[name] = value }
  }

  /// The value of a label; the empty text where it is absent, and setting that removes it.
  public subscript(name: Text) -> Text {
    get { pairs.first { $0.name == name }?.value ?? "" }
    set {
      let place = pairs.firstIndex { $0.name >= name } ?? pairs.count
      if place < pairs.count, pairs[place].name == name { pairs.remove(at: place) }
      if !newValue.isEmpty { pairs.insert(Pair(name: name, value: newValue), at: place) }
    }
  }

  /// Only the labels of these names.
  func keeping(_ names: [Text]) -> Labels {
    var kept = self
    kept.pairs.removeAll { !names.contains($0.name) }
    return kept
  }

  /// Without the labels of these names.
  func dropping(_ names: [Text]) -> Labels {
    var kept = self
    kept.pairs.removeAll { names.contains($0.name) }
    return kept
  }

  /// Without the metric's name, as what is computed from it is another metric.
  var withoutName: Labels { dropping([Self.metricName]) }
}

extension Labels: Comparable {
  /// By the first label that differs, its name before its value.
  public static func < (left: Labels, right: Labels) -> Bool {
    for (one, other) in zip(left.pairs, right.pairs) where one != other {
      return (one.name, one.value) < (other.name, other.value)
    }
    return left.pairs.count < right.pairs.count
  }
}
