import Bytes

extension ColumnValues {
  /// A column of events as one of their facts: each value as often as its event has facts. O(facts).
  func spread(_ factCounts: [Int64]) -> ColumnValues {
    let factCount = factCounts.reduce(0) { $0 + Int($1) }
    var spread = self
    var present = Bitmap(rowCount: factCount)
    var indices: [Int] = []
    var fact = 0
    var index = 0
    for (event, count) in factCounts.enumerated() {
      if presence[event] {
        for row in fact..<fact + Int(count) { present.insert(row) }
        indices.append(contentsOf: repeatElement(index, count: Int(count)))
        index += 1
      }
      fact += Int(count)
    }
    spread.presence = .some(present)
    spread.count = indices.count
    spread.integers = integers.isEmpty ? [] : indices.map { integers[$0] }
    spread.numbers.mantissas =
      numbers.mantissas.isEmpty ? [] : indices.map { numbers.mantissas[$0] }
    spread.numbers.scales = numbers.scales.isEmpty ? [] : indices.map { numbers.scales[$0] }
    // Plain strings become the entries of a dictionary.
    spread.strings.codes =
      strings.isDictionary ? indices.map { strings.codes[$0] } : indices.map(Int64.init)
    spread.strings.isDictionary = true
    return spread
  }
}
