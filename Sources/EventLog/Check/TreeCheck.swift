import Bytes
import LMDB

extension LogCheck {
  /// Reads the tree over the log and its checkpoints, and compares how many hashes its levels have. That they are those of the
  /// events is for `nilo audit verify` to say.
  mutating func checkTree(_ head: LogHead, _ transaction: borrowing ReadTransaction) {
    guard let table = log.tables.hashes, let checkpoints = log.tables.checkpoints else { return }
    _ = note {
      var below = head.nextSeq - 1
      for level in 0..<HashTable.maxLevels {
        let count = try table.count(ofLevel: level, transaction)
        guard level == 0 ? count <= below : count == below >> 8 else {
          throw DamageError(
            what: "the tree over the log has \(count) hashes on level \(level), and \(below) "
              + (level == 0 ? "events are in the log" : "below it"))
        }
        let step = HashTable.hashesInPage
        for first in stride(from: 0, to: count, by: Int(step)) {
          _ = try table.read(ofLevel: level, first..<min(first + step, count), transaction)
        }
        below = count
      }
    }
    _ = note {
      let size = try table.count(ofLevel: 0, transaction)
      var cursor = try transaction.cursor(checkpoints)
      while try cursor.next() {
        let signed = try EventLog.checkpoint(cursor.key, cursor.value).size
        if signed > size {
          throw DamageError(
            what: "a checkpoint is of \(signed) events, and the tree over the log has \(size)")
        }
      }
    }
  }
}
