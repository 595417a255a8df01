import Model

extension ColumnValues {
  /// Whether the doubles of all numbers that are integers are these integers. O(values).
  var fitsDoubles: Bool {
    switch kind {
    case .number: numbers.fitsDoubles
    case .signed, .unsigned: count == 0
    default: true
    }
  }

  /// All numbers as the nearest doubles. O(values).
  var doubles: [Double] {
    switch kind {
    case .number: numbers.doubles
    case .signed: integers.map { Double($0) }
    case .unsigned: integers.map { Double(UInt64(bitPattern: $0)) }
    default: integers.map { Double(bitPattern: UInt64(bitPattern: $0)) }
    }
  }

  /// Value `index` of a column of numbers.
  func number(_ index: Int) -> Number {
    switch kind {
    case .number: return numbers.number(index)
    case .signed: return Number(integers[index])
    case .unsigned: return Number(UInt64(bitPattern: integers[index]))
    default: return Number(Double(bitPattern: UInt64(bitPattern: integers[index]))) ?? .zero
    }
  }
}
