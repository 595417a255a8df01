/// An element that knows when it is due.
protocol Scheduled {
  var dueMs: Int64 { get }
}

/// A binary heap with the element due first on top.
struct MinHeap<Element: Scheduled & Sendable>: Sendable {
  private var elements: [Element] = []

  /// When the first element is due; the far future when there is none. O(1).
  var firstDueMs: Int64 { elements.first?.dueMs ?? .max }

  /// O(log n).
  mutating func insert(_ element: Element) {
    var hole = elements.count
    elements.append(element)
    while hole > 0 {
      let parent = (hole - 1) / 2
      if elements[parent].dueMs <= element.dueMs { break }
      elements[hole] = elements[parent]
      hole = parent
    }
    elements[hole] = element
  }

  /// Takes the element due first; nil when the heap is empty. O(log n).
  mutating func popFirst() -> Element? {
    guard let last = elements.popLast() else { return nil }
    guard let first = elements.first else { return last }
    var hole = 0
    while true {
      var child = 2 * hole + 1
      if child >= elements.count { break }
      if child + 1 < elements.count, elements[child + 1].dueMs < elements[child].dueMs {
        child += 1
      }
      if last.dueMs <= elements[child].dueMs { break }
      elements[hole] = elements[child]
      hole = child
    }
    elements[hole] = last
    return first
  }
}
