import EventLog
import Synchronization

/// What documents of the catalogue say, as it was read last: it is asked for with each commit and each query, and changes seldom.
final class ReadCatalogue<Value: Sendable>: Sendable {
  private let read = Mutex<(seq: UInt64, value: Value)?>(nil)

  /// O(1) while there is nothing new, else what `make` takes.
  func value(
    _ documents: [CatalogueDocument], _ make: ([CatalogueDocument]) throws -> Value
  ) rethrows -> Value {
    let seq = documents.last?.seq ?? 0
    if let known = read.withLock({ $0 }), known.seq == seq { return known.value }
    let value = try make(documents)
    read.withLock { if $0?.seq ?? 0 <= seq { $0 = (seq, value) } }
    return value
  }
}
