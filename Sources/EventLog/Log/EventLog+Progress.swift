import Bytes
import LMDB
import Model

/// A connector's note of where it is has too many bytes.
public struct ProgressError: Error, Equatable, CustomStringConvertible {
  public var source: String
  public var byteCount: Int
  public var description: String {
    "the progress of source \(source) has \(byteCount) bytes; it may have \(Limits.maxProgressBytes)"
  }
}

extension EventLog {
  /// What was noted of the source with the last batch that said something; nil when there is nothing. O(log n).
  public func progress(of source: String) throws -> NotedProgress? {
    try environment.read { transaction in
      guard let record = try transaction.get(tables.progress, SourceProgress.key(source)) else {
        return nil
      }
      let noted = try NotedProgress(record)
      return Text(noted.progress.source) == Text(source) ? noted : nil
    }
  }

  /// What was noted of all sources whose names begin with `prefix`, in no order. O(sources that something was noted of).
  public func progress(withPrefix prefix: String) throws -> [NotedProgress] {
    try environment.read { transaction in
      var found: [NotedProgress] = []
      var cursor = try transaction.cursor(tables.progress)
      while try cursor.next() {
        let noted = try NotedProgress(cursor.value)
        if noted.progress.source.utf8.starts(with: prefix.utf8) { found.append(noted) }
      }
      return found
    }
  }

  /// Forgets what was noted of these sources, in a commit of its own. O(sources log n). Throws ``ReadOnlyError``.
  public func forgetProgress(of sources: [String]) throws {
    if mode == .readOnly { throw ReadOnlyError() }
    if sources.isEmpty { return }
    try environment.write { transaction in
      for source in sources {
        try transaction.delete(tables.progress, SourceProgress.key(source))
      }
    }
  }

  /// What became of a request whose batches were marked, so far as they are durable; nil for one that is not known or is
  /// over by the log's clock. O(log n).
  public func receipt(ofRequest name: String) throws -> RequestReceipt? {
    let receipt = try environment.read { try RequestReceipt.read(name, tables, $0) }
    guard let receipt, receipt.mark.expiresNs > clock() else { return nil }
    return receipt
  }

  /// Notes it without a batch, in a commit of its own: a source is to begin elsewhere. Batches that are on their way come
  /// after it.
  /// Throws ``ReadOnlyError``, ``SourceNameError`` or ``ProgressError``.
  public func setProgress(_ progress: SourceProgress) throws { try setProgress([progress]) }

  /// The same of several sources, in one commit.
  public func setProgress(_ progress: [SourceProgress]) throws {
    if mode == .readOnly { throw ReadOnlyError() }
    if progress.isEmpty { return }
    for one in progress { try one.check() }
    try environment.write { transaction in
      for one in progress { try one.write(receivedNs: clock(), tables, &transaction) }
    }
  }
}

extension SourceProgress {
  /// Throws ``SourceNameError`` or ``ProgressError``.
  func check() throws {
    if source.utf8.count > Limits.maxSourceNameBytes {
      throw SourceNameError(byteCount: source.utf8.count)
    }
    if position.count > Limits.maxProgressBytes {
      throw ProgressError(source: source, byteCount: position.count)
    }
  }
}
