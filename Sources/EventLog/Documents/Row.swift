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

/// A field of a dedup id of several.
struct IdPart {
  /// From 2; the first has a place of its own.
  var number: UInt8
  var start: Int
  var byteCount: Int
  var hasEscapes: Bool
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
  /// The dedup id's text in the batch, or that of its first field; empty when the document has none.
  var idStart = 0
  var idBytes = 0
  var idHasEscapes = false
  /// The other fields of the dedup id that the document has, in its order.
  var idParts: [IdPart] = []

  mutating func removeAll() {
    values.removeAll(keepingCapacity: true)
    elements.removeAll(keepingCapacity: true)
    elementValues.removeAll(keepingCapacity: true)
    isInElement = false
    shape = Shape.none
    idBytes = 0
    idHasEscapes = false
    idParts.removeAll(keepingCapacity: true)
  }

  /// Notes a value that is field `part` of the dedup id, counted from 1.
  @inline(__always)
  mutating func noteId(_ part: UInt8, _ start: Int, _ end: Int, hasEscapes: Bool) {
    if part == 1 {
      idStart = start
      idBytes = end - start
      idHasEscapes = hasEscapes
    } else {
      idParts.append(
        IdPart(number: part, start: start, byteCount: end - start, hasEscapes: hasEscapes))
    }
  }

  /// The earliest time of an element; nil when none has one. O(values).
  var earliestElementTime: Int64? {
    var earliest: Int64?
    for value in elementValues where value.kind == .time {
      earliest = min(earliest ?? .max, value.a)
    }
    return earliest
  }

  /// Whether the event has a time, of its own or of an element. O(values).
  var hasTime: Bool {
    values.contains { $0.kind == .time } || elementValues.contains { $0.kind == .time }
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
