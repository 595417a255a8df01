import Store

/// The streams that a request makes: measurements that there were none of. A client that puts values into the names of
/// measurements would make one of each.
struct NewStreams {
  private let store: Store
  private let maxCount: Int
  private var names: Set<String> = []

  init(_ store: Store, maxCount: Int) { (self.store, self.maxCount) = (store, maxCount) }

  /// Throws a ``Problem`` of kind `tooLarge` where the batches make more than a request may. O(batches).
  mutating func admit(_ batches: [StreamBatch]) throws(Problem) {
    for batch in batches where !names.contains(batch.stream) {
      if batch.documents.documents.isEmpty || store.definition(of: batch.stream) != nil { continue }
      guard names.count < maxCount else {
        throw Problem(
          .tooLarge,
          "the lines make more than \(maxCount) new streams, as stream \(batch.stream) would be another "
            + "(limits.influx_new_streams): send fewer measurements in a request; what tells devices apart belongs into tags"
        )
      }
      names.insert(batch.stream)
    }
  }
}
