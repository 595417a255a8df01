/// A stream of an open log: what was defined and what was learned of it.
public final class EventStream: Sendable {
  public let definition: StreamDefinition
  let schema: StreamSchema

  init(definition: StreamDefinition, schema: StreamSchema) {
    self.definition = definition
    self.schema = schema
  }

  public var name: String { definition.name }
}
