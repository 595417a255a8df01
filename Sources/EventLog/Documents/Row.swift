/// One value of a document on its way to its column.
struct SlotValue {
  var kind: SlotKind
  /// Scale of a number; 1 for a string with escapes.
  var detail: UInt8
  var column: Int32
  /// A string's or opaque text's first byte in the batch; a number's mantissa; a bool's 0 or 1; a time's
  /// nanoseconds; the bits of a number kept whole.
  var a: Int64
  /// A string's or opaque text's byte count; a time's format code.
  var b: UInt32
}

/// An element of the exploded array: a fact of the event.
struct ElementValues {
  var shape: UInt32
  /// Where its values begin in ``Row/elementValues``; they end where the next element's begin.
  var firstValue: Int32
}

/// What one document gave: filled by the matcher or by the scanner, then added to the columns.
struct Row {
  /// The values of the event itself.
  var values: [SlotValue] = []
  var elements: [ElementValues] = []
  var elementValues: [SlotValue] = []
  /// Whether values now belong to an element.
  var isInElement = false
  var shape: UInt32 = Shape.none
  /// The dedup id's text in the batch; empty when the document has none.
  var idStart = 0
  var idBytes = 0
  var idHasEscapes = false

  mutating func removeAll() {
    values.removeAll(keepingCapacity: true)
    elements.removeAll(keepingCapacity: true)
    elementValues.removeAll(keepingCapacity: true)
    isInElement = false
    shape = Shape.none
    idBytes = 0
    idHasEscapes = false
  }

  @inline(__always)
  mutating func append(_ value: SlotValue) {
    if isInElement { elementValues.append(value) } else { values.append(value) }
  }

  /// The values of element `index`.
  func valueRange(ofElement index: Int) -> Range<Int> {
    let next = index + 1
    let end = next < elements.count ? Int(elements[next].firstValue) : elementValues.count
    return Int(elements[index].firstValue)..<end
  }
}
