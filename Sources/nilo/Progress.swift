/// A line on the terminal that tells how far long work has got; nothing where standard error is no
/// terminal.
struct Progress {
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var next: ContinuousClock.Instant
  private var isOnScreen = false

  /// Work that ends sooner shows nothing.
  private static let patience = Duration.seconds(1)
  private static let interval = Duration.milliseconds(200)

  init() {
    isShown = Descriptor.isTerminal(Descriptor.error)
    next = start + Self.patience
  }

  /// Rewrites the line, if it is time to. `share` is how much of the work is done, nil when its
  /// size is not known.
  mutating func update(share: Double?, events: UInt64? = nil) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    update { Self.text(share: share, events: events, seconds: seconds) }
  }

  /// Rewrites the line with this text, if it is time to.
  mutating func update(_ text: () -> String) {
    guard isShown else { return }
    let now = ContinuousClock.now
    guard now >= next else { return }
    next = now + Self.interval
    isOnScreen = true
    show("\r\u{1B}[K\(text())")
  }

  /// Wipes the line, before other text or at the end.
  mutating func wipe() {
    guard isOnScreen else { return }
    isOnScreen = false
    show("\r\u{1B}[K")
  }

  private func show(_ text: String) { try? writeAll(Array(text.utf8), to: Descriptor.error) }

  private static func text(share: Double?, events: UInt64?, seconds: Double) -> String {
    var parts: [String] = []
    if let share { parts.append("\(Int(min(max(share, 0), 1) * 100)) %") }
    if let events {
      parts.append("\(Wording.count(events)) events")
      parts.append("\(Wording.count(Int64(Double(events) / seconds))) events/s")
    }
    if let share, share > 0.01 {
      let left = seconds * (1 - min(share, 1)) / share
      parts.append("\(Wording.seconds(Int64(left.rounded(.up)))) left")
    }
    return parts.joined(separator: "   ")
  }
}
