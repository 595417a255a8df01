/// A field by any name.
private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// The names of an object's fields that are none of `keys`, sorted: who wrote them meant something.
  func fields<Keys: CodingKey & CaseIterable>(besides keys: Keys.Type) throws -> [String] {
    let known = Set(keys.allCases.map(\.stringValue))
    return try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
      .filter { !known.contains($0) }.sorted()
  }
}
