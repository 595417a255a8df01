import Model

/// What a statement's own rows take of memory, beside what the store counts: tables, columns, keys to sort by. About,
/// and as far as it grows with rows.
final class MemoryBudget {
  private let maxBytes: Int
  /// What the limit is called.
  private let name: String
  /// What is taken now.
  private(set) var bytes = 0

  init(_ limits: QueryLimits) { (maxBytes, name) = (limits.maxMemoryBytes, limits.names.memory) }

  /// For tables that are small whatever is asked for.
  init() { (maxBytes, name) = (.max, "") }

  /// Throws ``QueryLimitError`` when there is no room for `count` more bytes; `purpose` is what they are for, as the
  /// language calls it.
  func take(_ count: Int, for purpose: String) throws {
    bytes = bytes.addingReportingOverflow(count).overflow ? .max : bytes + count
    guard bytes > maxBytes else { return }
    throw QueryLimitError(
      "\(name): more than \(maxBytes) bytes for \(purpose); ask for a shorter range, longer buckets "
        + "or fewer groups, or raise \(name)")
  }

  /// Calls `body`, of all that it has taken only what `rest` says of its result stays so.
  func keeping<Value>(
    _ rest: (Value) -> Int, for purpose: String, _ body: () throws -> Value
  ) throws -> Value {
    let before = bytes
    let value = try body()
    let count = rest(value)
    // What it was made of is still there beside it.
    try take(count, for: purpose)
    bytes = before + count
    return value
  }

  /// Calls `body`, and gives back all that it has taken.
  func passing<Value>(_ body: () throws -> Value) rethrows -> Value {
    let before = bytes
    defer { bytes = before }
    return try body()
  }
}

/// Values that are made in turns ask so often whether they are still wanted.
private let turnRows = 65_536

/// The values of rows from 0 on. Throws `CancellationError` within 65,536 of them when they are not wanted any more.
/// O(count).
func polledRows<Value>(_ count: Int, _ value: (Int) -> Value) throws -> [Value] {
  if count <= turnRows { return (0..<count).map(value) }
  var values: [Value] = []
  values.reserveCapacity(count)
  for start in stride(from: 0, to: count, by: turnRows) {
    try Cancellation.check()
    for row in start..<min(start + turnRows, count) { values.append(value(row)) }
  }
  return values
}
