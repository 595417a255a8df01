import Bytes
import LMDB

/// A field that a stream would use, had one of its first documents had it.
public struct UnusedField: Sendable, Equatable {
  public var role: StreamDefinition.Role
  public var path: String
  /// The first event that has it.
  public var sinceSeq: UInt64

  public init(role: StreamDefinition.Role, path: String, sinceSeq: UInt64) {
    (self.role, self.path, self.sinceSeq) = (role, path, sinceSeq)
  }
}

extension EventLog {
  /// What documents of a stream have brought since it was made that would have been detected then. Empty when all was
  /// detected or said. O(blocks of the stream) where there is something, else O(1).
  public func unusedFields(ofStream name: String) throws -> [UnusedField] {
    try environment.read { try unusedFields(of: try stream(named: name, $0), $0) }
  }

  func unusedFields(
    of stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws -> [UnusedField] {
    let columns = stream.schema.snapshot().columns
    var unused: [UnusedField] = []
    for role in StreamDefinition.Role.allCases
    where stream.definition.undetected.contains(role) {
      let found = stream.definition.names(of: role).lazy.compactMap { path in
        let numbers = columns.indices.filter { number in
          columns[number].path == Text(path)
            && (columns[number].kind == .string || columns[number].kind.isNumber)
            && columns[number].isElement == (role == .elementTime)
        }
        return numbers.isEmpty ? nil : (path, numbers)
      }.first
      guard let (path, numbers) = found else { continue }
      if let seq = try store.firstSeq(
        withColumns: Array(numbers), of: stream, transaction)
      {
        unused.append(UnusedField(role: role, path: path, sinceSeq: seq))
      }
    }
    return unused
  }
}

extension StreamDefinition {
  /// The names by which a field of that role is detected.
  fileprivate func names(of role: Role) -> [String] {
    switch role {
    case .key: Self.keyNames
    case .dedup: [Self.idName]
    case .elementTime: elementTimePaths
    }
  }
}
