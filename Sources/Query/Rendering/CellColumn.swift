import Bytes
import Model

/// A column taken apart, so that each cell is one look into an array.
struct CellColumn {
  enum Kind { case numbers, exact, integers, texts, times, values }

  let kind: Kind
  let numbers: [Double]
  let exact: [Number?]
  /// Integers, or times.
  let integers: [Int64]
  let texts: [Text?]
  let values: [QueryValue]

  init(_ column: ValueColumn) {
    var parts: ([Double], [Int64], [Text?], [QueryValue]) = ([], [], [], [])
    var exact: [Number?] = []
    switch column {
    case .numbers(let numbers): (kind, parts.0) = (.numbers, numbers)
    case .exact(let numbers): (kind, exact) = (.exact, numbers)
    case .integers(let integers): (kind, parts.1) = (.integers, integers)
    case .texts(let texts): (kind, parts.2) = (.texts, texts)
    case .times(let times): (kind, parts.1) = (.times, times)
    case .values(let values): (kind, parts.3) = (.values, values)
    }
    (numbers, integers, texts, values) = parts
    self.exact = exact
  }
}
