/// Changes a value in random steps, and looks whether copies that were taken between them stay what they were.
///
/// All that a value holds is compared, as text, which shares nothing with it. What such a test finds depends on the
/// optimiser: `make test-optimised` runs them as they matter.
func checkCopies<Value>(
  of start: Value, steps: Int, _ random: inout SeededGenerator,
  _ change: (inout Value, inout SeededGenerator) throws -> Void
) throws {
  var value = start
  var copies = [(value: value, text: "\(value)")]
  for step in 0..<steps {
    try change(&value, &random)
    for copy in copies {
      let text = "\(copy.value)"
      try check(text == copy.text, "step \(step) changed a copy: \(difference(copy.text, text))")
    }
    if random.oneIn(3) {
      if copies.count == 3 { copies.removeFirst() }
      copies.append((value, "\(value)"))
    }
  }
}

/// The first place where two texts differ, with what is around it.
func difference(_ one: String, _ other: String) -> String {
  let same = zip(one, other).prefix { $0 == $1 }.count
  func part(_ text: String) -> Substring { text.dropFirst(max(0, same - 60)).prefix(120) }
  return "\(part(one)) is \(part(other))"
}
