import Foundation
import Logging
import Query
import Store

/// What fetches from sources of one kind: plain code that blocks. A ``SourceRun`` calls it on a thread of its own, again
/// after a pause when it throws, and keeps its state.
protocol SourceFetcher: Sendable {
  /// Fetches until ``SourceRun/hasToStop``. What it throws is shown to users, so it says what is wrong and what to do;
  /// ``SourceStopError`` says that trying again would not help.
  ///
  /// Positions are those of the store (``Store/progress(of:)``), noted with the batches they are of: an attempt that is cut
  /// off, by an error or a crash, is followed by one that reads them anew.
  func fetch(_ run: SourceRun) throws
}

/// Makes the fetcher of a source. Throws what is wrong with its options.
typealias SourceFetcherMaker = @Sendable (DefinedSource, SourceContext) throws -> any SourceFetcher

/// What fetchers work with.
struct SourceContext: Sendable {
  let store: Store
  /// The wall clock, in nanoseconds since 1970.
  let clock: @Sendable () -> Int64
  let logger: Logger
}

/// A source does not go on by itself: somebody has to look, and to say `RESUME SOURCE`.
struct SourceStopError: Error, CustomStringConvertible {
  /// Why, and what to look at.
  var description: String
  init(_ description: String) { self.description = description }
}
