import Bytes

/// A stream of an open log: what was defined and what was learned of it.
public final class EventStream: Sendable {
  public let definition: StreamDefinition
  let schema: StreamSchema

  init(definition: StreamDefinition, schema: StreamSchema) {
    self.definition = definition
    self.schema = schema
  }

  public var name: String { definition.name }

  /// Whether a document has had a number at `path`. O(columns).
  package func hasNumbers(at path: Text) -> Bool {
    schema.snapshot().columns.contains {
      $0.kind.isNumber && $0.path == path
    }
  }
}
