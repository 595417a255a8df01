import Model

/// The sources that a run of a connector is about to read: partitions that lag, or items that were not asked for yet. Before a
/// stream gets the first batch of the run it is told of those that are still to come, so that it waits for each; else the first
/// that is read would make buckets final that the others still fill.
public struct ExpectedSources {
  private var left: Set<String>
  /// Streams that were told.
  private var told: Set<String> = []

  /// Those of a run that begins.
  public init(_ sources: [String] = []) { left = Set(sources) }

  /// To be called before `batch` of `source` is appended to a stream; does something once for each stream. Throws as
  /// ``Store/openSources(_:of:options:before:)`` does. O(sources log n) once.
  public mutating func announce(
    to stream: String, options: StreamOptions = StreamOptions(), in store: Store,
    before batch: DocumentBatch, of source: String
  ) throws {
    // Nobody has to wait for the only one.
    if told.contains(stream) || left.isSubset(of: [source]) { return }
    if try store.openSources(left.sorted(), of: stream, options: options, before: batch) {
      told.insert(stream)
    }
  }

  /// Takes note that all that there was of `sources` when the run began has been read, and is durable. Where one has brought
  /// nothing, nobody waits for it any more. Throws as ``Store/closeSources(_:of:)`` does. O(streams * sources log n) once for each.
  public mutating func arrive(_ sources: [String], in store: Store) throws {
    let arrived = sources.filter { left.contains($0) }
    if arrived.isEmpty { return }
    try store.closeAwaitedSources(arrived)
    left.subtract(arrived)
  }
}
