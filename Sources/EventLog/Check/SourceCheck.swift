import Checksum
import LMDB
import Model

/// How many events the blocks have of each source of each stream. O(sources) of memory.
struct SourceCheck {
  private struct Source: Hashable {
    var streamId: UInt32
    /// XXH3-64 of its name, as in the key of its record.
    var nameHash: UInt64
  }

  private struct Counted {
    var events: UInt64 = 0
    /// Its first block, which has the name.
    var firstSeq: UInt64
  }

  private var counted: [Source: Counted] = [:]

  /// Takes note of events. O(1).
  mutating func add(_ piece: BlockPiece, ofStream streamId: UInt32) {
    let source = Source(
      streamId: streamId, nameHash: checksum([UInt8](piece.source.utf8).rawSpan))
    counted[source, default: Counted(firstSeq: piece.firstSeq)].events += UInt64(
      piece.eventCount)
  }

  /// Takes note of a source's record; gives what is wrong with it.
  mutating func compare(
    _ streamId: UInt32, _ name: String, _ state: SourceState, _ stream: String
  ) -> DamageError? {
    let source = Source(streamId: streamId, nameHash: checksum([UInt8](name.utf8).rawSpan))
    let events = counted.removeValue(forKey: source)?.events ?? 0
    if events == state.events { return nil }
    return DamageError(
      what: "state of source \(name) of stream \(stream): it counts \(state.events) events, and "
        + "the blocks have \(events)")
  }

  /// The first seqs of the sources that had events and no record, by stream.
  var missing: [(streamId: UInt32, firstSeq: UInt64)] {
    counted.map { ($0.key.streamId, $0.value.firstSeq) }.sorted { $0.firstSeq < $1.firstSeq }
  }
}

extension LogCheck {
  /// Reads the state of every source, and compares its count of events with the blocks. `names` are the streams';
  /// nil when they are not known.
  mutating func checkSources(
    _ names: [UInt32: String]?, _ transaction: borrowing ReadTransaction
  ) {
    let (log, whole) = (log, isLogWhole)
    var (sources, damages) = (sources, [DamageError]())
    _ = note {
      var cursor = try transaction.cursor(log.tables.sources)
      while try cursor.next() {
        let id = Key.uint32(in: cursor.key, at: 0) ?? 0
        let stream = names?[id] ?? "\(id)"
        guard let (name, state) = try? SourceState.read(record: cursor.value) else {
          damages.append(
            DamageError(what: "state of a source of stream \(stream), key \(Self.text(cursor.key))")
          )
          continue
        }
        let key = SourceState.key(id, name, isClosed: state.isClosed)
        if cursor.key.byteCount != key.byteCount || !cursor.hasPrefix(key) {
          damages.append(
            DamageError(what: "source \(name) of stream \(stream) has another's key"))
        } else if let names, names[id] == nil {
          damages.append(DamageError(what: "source \(name) of an unknown stream \(id)"))
        } else if whole, let damage = sources.compare(id, name, state, stream) {
          damages.append(damage)
        }
      }
    }
    if whole {
      damages += sources.missing.map {
        DamageError(
          what: "state of a source of stream \(names?[$0.streamId] ?? "\($0.streamId)") is missing",
          firstSeq: $0.firstSeq)
      }
    }
    report.damages += damages
  }

  /// Reads what connectors have noted of each source.
  mutating func checkProgress(_ transaction: borrowing ReadTransaction) {
    let log = log
    var damages: [DamageError] = []
    _ = note {
      var cursor = try transaction.cursor(log.tables.progress)
      while try cursor.next() {
        let noted = try? NotedProgress(cursor.value)
        let key = noted.map { SourceProgress.key($0.progress.source) }
        if let key, cursor.key.byteCount == key.byteCount, cursor.hasPrefix(key) { continue }
        damages.append(
          DamageError(what: "progress of a source, key \(Self.text(cursor.key))"))
      }
    }
    report.damages += damages
  }

  /// A key in hexadecimal.
  private static func text(_ key: RawSpan) -> String { Key(copying: key)?.description ?? "" }
}
