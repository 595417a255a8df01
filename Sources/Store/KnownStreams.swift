import EventLog
import Query
import Synchronization

/// What streams are, as it was told last: it is asked for with each query, and changes seldom. How much they hold changes with each
/// commit.
final class KnownStreams: Sendable {
  private typealias Known = [LogStatistics.Stream.Layout: StreamInfo]

  private let known = Mutex<Known>([:])

  /// O(streams) while they have the same fields, else O(columns of those that have others). Only what was asked for last is
  /// remembered.
  func infos(of streams: [LogStatistics.Stream]) -> [StreamInfo] {
    let before = known.withLock { $0 }
    let infos = streams.map { stream in
      var info = before[stream.layout] ?? StreamInfo(fieldsOf: stream)
      info.count(stream)
      return info
    }
    if before.count != streams.count || streams.contains(where: { before[$0.layout] == nil }) {
      let after = Known(zip(streams.map(\.layout), infos)) { first, _ in first }
      known.withLock { $0 = after }
    }
    return infos
  }
}
