import Synchronization

/// Which pages were verified lately, by the checksums of their bodies. To find one cell, verifying its page takes as long as all else,
/// and what is asked often is on the same pages.
///
/// Knows 16,384 pages in 128 KiB, and forgets all of them after a minute: what has become of a page on the disk since is seen then.
/// Only answers may rely on it; a page that is changed, copied or checked is verified each time.
final class VerifiedPages: Sendable {
  private struct State {
    /// Each at a place of its own bits; 0 for none.
    var checksums: [UInt64] = []
    var since = ContinuousClock.now
    var looks = 0
  }

  private let state = Mutex(State())

  private static let capacity = 1 << 14
  private static let lifetime = Duration.seconds(60)
  /// To look at a clock takes as long as some looks.
  private static let looksAClock = 64

  private static func place(_ checksum: UInt64) -> Int { Int(checksum % UInt64(capacity)) }

  /// Whether a page was verified whose body has, or had, this checksum. O(1).
  func contains(_ checksum: UInt64) -> Bool {
    state.withLock { state in
      state.looks += 1
      if state.looks % Self.looksAClock == 0, state.since.duration(to: .now) > Self.lifetime {
        state = State()
      }
      return checksum != 0 && !state.checksums.isEmpty
        && state.checksums[Self.place(checksum)] == checksum
    }
  }

  /// The page was verified. O(1).
  func insert(_ checksum: UInt64) {
    state.withLock { state in
      if state.checksums.isEmpty {
        state = State(checksums: Array(repeating: 0, count: Self.capacity))
      }
      state.checksums[Self.place(checksum)] = checksum
    }
  }
}
