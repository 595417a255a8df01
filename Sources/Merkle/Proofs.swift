/// What a path from a leaf to a root, or from a root to a later one, shows: checked without the tree, as RFC 9162 has it.
public enum Proofs {
  /// Whether the tree of `size` leaves with this root has `leaf` at `index`: RFC 9162, section 2.1.3.2. O(path).
  public static func includes(
    _ leaf: TreeHash, at index: UInt64, _ path: [TreeHash], size: UInt64, root: TreeHash
  ) -> Bool {
    guard index < size else { return false }
    var (node, last) = (index, size - 1)
    var hash = leaf
    for sibling in path {
      if last == 0 { return false }
      if node & 1 == 1 || node == last {
        hash = TreeHash(ofNode: sibling, hash)
        climb(&node, &last)
      } else {
        hash = TreeHash(ofNode: hash, sibling)
      }
      (node, last) = (node >> 1, last >> 1)
    }
    return last == 0 && hash == root
  }

  /// Whether the tree of `size` leaves with the root `root` begins with that of `earlierSize` and `earlierRoot`: RFC 9162,
  /// section 2.1.4.2. A tree without leaves is the beginning of any. O(path).
  public static func extends(
    _ earlierRoot: TreeHash, earlierSize: UInt64, _ path: [TreeHash], size: UInt64, root: TreeHash
  ) -> Bool {
    if earlierSize > size { return false }
    if earlierSize == size { return path.isEmpty && earlierRoot == root }
    if earlierSize == 0 { return path.isEmpty && earlierRoot == .ofEmptyTree }
    if path.isEmpty { return false }
    var rest = path[...]
    // Where the earlier tree is complete its root is on the way, and is not said again.
    let first = earlierSize.nonzeroBitCount == 1 ? earlierRoot : rest.removeFirst()
    var (node, last) = (earlierSize - 1, size - 1)
    while node & 1 == 1 { (node, last) = (node >> 1, last >> 1) }
    var (earlier, later) = (first, first)
    for sibling in rest {
      if last == 0 { return false }
      if node & 1 == 1 || node == last {
        earlier = TreeHash(ofNode: sibling, earlier)
        later = TreeHash(ofNode: sibling, later)
        climb(&node, &last)
      } else {
        later = TreeHash(ofNode: later, sibling)
      }
      (node, last) = (node >> 1, last >> 1)
    }
    return last == 0 && earlier == earlierRoot && later == root
  }

  /// Passes over the levels at which a node at the right edge has no sibling.
  private static func climb(_ node: inout UInt64, _ last: inout UInt64) {
    if node & 1 == 1 { return }
    while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) }
  }
}
