extension Array {
  /// Adds a value `count` times. An array without room for them grows by a quarter, not to twice as much as `append` does:
  /// what stays in memory for long, and is bounded by what its arrays have room for, is mostly full then.
  /// O(count), amortised.
  @inlinable
  public mutating func append(repeating value: Element, count added: Int) {
    let needed = count + added
    if needed > capacity { reserveCapacity(Swift.max(needed, capacity + capacity / 4)) }
    append(contentsOf: repeatElement(value, count: added))
  }

  /// Makes room for more, for twice as much where there is none: for what is gone soon. O(count), amortised.
  @inlinable
  public mutating func makeRoom(for added: Int) {
    let needed = count + added
    if needed > capacity { reserveCapacity(Swift.max(needed, 2 * capacity)) }
  }
}
