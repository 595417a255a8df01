import KafkaClient
import Model
import Store

/// Whether another store reads the same partitions under the name of the same group, as far as that can be seen: beside the
/// offsets that it tells the group each store writes a mark of its own, and reads whose is there.
struct OtherReaders {
  /// That of this store and source, made up once and kept in the store.
  let mark: String
  /// When another's mark was seen last, and where.
  private var seen: (partitions: [KafkaPartition], ns: Int64)?
  /// Whether the group has been told something; what is there before may be of long ago.
  private var hasTold = false

  /// Throws errors of the store.
  init(_ settings: KafkaSettings, _ store: Store) throws {
    let key = "\(settings.name)/@mark"
    if let noted = try store.progress(of: key) {
      mark = String(decoding: noted.progress.position, as: UTF8.self)
    } else {
      mark = "nilo-" + String(UInt64.random(in: .min ... .max), radix: 16)
      try store.setProgress(SourceProgress(source: key, position: Array(mark.utf8)))
    }
  }

  /// The group was told by this store.
  mutating func told() { hasTold = true }

  /// Looks at what the group was told last. Gives the partitions that another store reads as well, also some time after that was
  /// seen: marks are written over each other by turns.
  mutating func look(
    at positions: [(partition: KafkaPartition, position: KafkaConsumer.GroupPosition?)],
    nowNs: Int64,
    everyNs: Int64
  ) -> [KafkaPartition] {
    let others = positions.filter {
      $0.position.map { !$0.note.isEmpty && $0.note != mark } ?? false
    }
    if hasTold, !others.isEmpty { seen = (others.map(\.partition), nowNs) }
    if let last = seen, nowNs - last.ns > Self.looksRemembered * everyNs { seen = nil }
    return seen?.partitions ?? []
  }

  private static let looksRemembered: Int64 = 20

  /// What is to be said of it.
  static func warning(_ partitions: [KafkaPartition], group: String) -> String {
    let names = partitions.prefix(3).map(\.description).joined(separator: ", ")
    let more = partitions.count > 3 ? " and \(partitions.count - 3) more" : ""
    return
      "another store reads \(names)\(more) as the group \(group), too, so both have the messages; say which partitions each "
      + "reads, such as partitions 'node 1 of 2', or give each a group of its own"
  }
}
