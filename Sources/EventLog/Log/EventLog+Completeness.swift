import LMDB

extension EventLog {
  /// As ``BlockStore/requireComplete(_:_:_:)``, once for each stream: what is committed later is trusted.
  func requireComplete(
    _ stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws {
    let id = stream.definition.id
    if complete.withLock({ $0.contains(id) }) { return }
    try store.requireComplete(stream, try StreamTotals.read(id, tables, transaction), transaction)
    _ = complete.withLock { $0.insert(id) }
  }
}
