import LMDB

extension LogCheck {
  /// Reads what became of requests, and compares the records with the times when they are forgotten: each has one.
  mutating func checkRequests(_ transaction: borrowing ReadTransaction) {
    let table = log.tables.requests
    var damages: [DamageError] = []
    _ = note {
      var records = 0
      var cursor = try transaction.cursor(table)
      while try cursor.next() {
        switch Key.uint8(in: cursor.key, at: 0) {
        case RequestReceipt.recordPrefix:
          records += 1
          let receipt = try? RequestReceipt(cursor.value)
          let key = receipt.map { RequestReceipt.key($0.mark.name) }
          if let receipt, let key, cursor.key.byteCount == key.byteCount, cursor.hasPrefix(key),
            try transaction.contains(table, RequestReceipt.timeKey(receipt.mark))
          {
            continue
          }
        case RequestReceipt.timePrefix:
          records -= 1
          if cursor.key.byteCount == 17 { continue }
        default: break
        }
        let key = Key(copying: cursor.key)?.description ?? ""
        damages.append(DamageError(what: "what became of a request, key \(key)"))
      }
      if records != 0, damages.isEmpty {
        damages.append(
          DamageError(what: "times of requests: there are \(-records) more than requests"))
      }
    }
    report.damages += damages
  }
}
