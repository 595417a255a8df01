import Bytes
import Store

/// What became of the lines of a request.
struct WriteOutcome {
  private var faults: [PointBatches.Fault] = []
  private var faultCount = 0
  private var droppedCount = 0
  private var storedCount = 0
  /// Why a batch is not stored, of the first that is not.
  private(set) var failure: (any Error)?

  /// Of a batch with so many lines that could not be read.
  mutating func add(_ result: AppendResult, unread: Int) {
    storedCount += result.accepted + result.duplicates.count
    droppedCount += result.rejected.count - unread
  }

  mutating func add(dropped count: Int) { droppedCount += count }

  mutating func add(_ error: any Error) { failure = failure ?? error }

  /// The lines that are no events, once all results of these batches are known.
  mutating func add(faultsOf batches: PointBatches) {
    faultCount += batches.faultCount
    let room = PointBatches.maxFaults - faults.count
    faults += batches.faults.sorted { $0.line < $1.line }.prefix(room)
  }

  /// What a client is told when not all lines are stored; nil when they are.
  func problem(_ write: WriteRequest) -> Problem? {
    if let failure { return Problem(failure) }
    guard faultCount > 0 else { return nil }
    guard write.api == .v3 else { return Problem(.badRequest, words) }
    var problem = Problem(
      .badRequest,
      write.acceptsPartial
        ? "partial write of line protocol occurred" : "parsing failed for write_lp endpoint")
    let entries = faults.map(Self.json)
    problem.members = { $0.field("data", array: entries) }
    return problem
  }

  /// As InfluxDB 1 says it: a line for each fault, and how many points the store does not take.
  private var words: String {
    var lines = faults.map {
      $0.isDropped ? "'\($0.text)': \($0.reason)" : "unable to parse '\($0.text)': \($0.reason)"
    }
    if faultCount > faults.count { lines.append("and \(faultCount - faults.count) more lines") }
    let text = lines.joined(separator: "\n")
    let isWhole = storedCount == 0 && droppedCount == 0
    return isWhole ? text : "partial write: \(text) dropped=\(droppedCount)"
  }

  private static func json(_ fault: PointBatches.Fault) -> [UInt8] {
    var writer = JSONObjectWriter()
    writer.field("error_message", fault.reason)
    writer.field("line_number", fault.line)
    writer.field("original_line", fault.text)
    return writer.finish()
  }
}
