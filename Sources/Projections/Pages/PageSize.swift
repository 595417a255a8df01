/// How large pages of cells are made.
///
/// LMDB gives a value of more than some 2 KB pages of its own, of 4,096 bytes each, 16 of which are a header.
package struct PageSize: Sendable {
  /// A page of several rows has at most so many bytes when it is first written.
  package var target = 2 * 4_096 - 16
  /// One that has grown beyond this is split.
  package var limit = 3 * 4_096 - 16

  /// About what the cells take in memory whose pages a worker makes at a time.
  package var pieceBytes = 2 << 20

  package init() {}

  /// For tests: pages are split at some `bytes`, and workers have few to make at a time.
  package init(target bytes: Int) {
    (target, limit) = (bytes, bytes + bytes / 2)
    pieceBytes = 64 * bytes
  }
}
