/// How long to wait before something that has failed is tried again.
enum Backoff {
  static let firstNs: Int64 = 1_000_000_000
  static let longestNs: Int64 = 300_000_000_000

  /// Twice as long each time, within half of that and the whole, so that those who failed together do not come back together.
  /// `attempts` have failed, 1 or more.
  static func pauseNs(
    afterAttempts attempts: Int, _ random: inout some RandomNumberGenerator
  ) -> Int64 {
    let wholeNs = min(firstNs << Int64(min(max(attempts, 1) - 1, 20)), longestNs)
    return .random(in: wholeNs / 2...wholeNs, using: &random)
  }
}
