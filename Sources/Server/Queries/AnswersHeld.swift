import Model
import Query
import Synchronization

/// Answers that their clients have not taken yet, all together: who asks and does not read takes no memory from others.
final class AnswersHeld: Sendable {
  private let held = Atomic(0)
  let maxBytes: Int

  init(maxBytes: Int) { self.maxBytes = maxBytes }

  var byteCount: Int { held.load(ordering: .relaxed) }

  /// Room for an answer, for as long as the result is kept. One alone always has it: what it may take is bounded by itself. Throws
  /// a ``Problem`` of kind `tooBusy`. O(columns, and texts in them).
  func hold(_ answer: Answer) throws -> Hold {
    let bytes = answer.columns.reduce(0) { $0 + $1.values.byteCount }
    let all = held.add(bytes, ordering: .relaxed).newValue
    let hold = Hold(held: self, bytes: bytes)
    guard all <= maxBytes || all == bytes else {
      throw Problem(
        .tooBusy,
        "answers that their clients have not taken yet hold \(SizeText(bytes: all - bytes)) already (limits.answers_memory); ask again in a moment, or for less"
      )
    }
    return hold
  }

  /// Room that is given back with it.
  final class Hold: Sendable {
    private let held: AnswersHeld
    private let bytes: Int

    fileprivate init(held: AnswersHeld, bytes: Int) { (self.held, self.bytes) = (held, bytes) }

    deinit { held.held.subtract(bytes, ordering: .relaxed) }
  }
}
