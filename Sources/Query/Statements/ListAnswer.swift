import Bytes

/// A list of things with the same properties.
struct ListAnswer {
  private var columns: [Answer.Column]
  private var values: [[QueryValue]]

  init(_ columns: KeyValuePairs<String, Answer.Column.Kind>) {
    self.columns = columns.map { Answer.Column(name: $0, kind: $1, values: .values([])) }
    values = Array(repeating: [], count: columns.count)
  }

  var count: Int { values.first?.count ?? 0 }

  /// One value for each column.
  mutating func add(_ row: QueryValue...) {
    for (index, value) in row.enumerated() { values[index].append(value) }
  }

  func answer(_ catalogue: CatalogueSnapshot) -> Answer {
    var answer = Answer(columns: columns)
    for index in columns.indices { answer.columns[index].values = .values(values[index]) }
    answer.meta.asOfSeq = catalogue.lastSeq
    return answer
  }
}

/// The properties of one thing, a line each.
struct PropertyLines {
  private var names: [Text?] = []
  private var values: [Text?] = []

  mutating func add(_ name: String, _ value: String) {
    names.append(Text(name))
    values.append(Text(value))
  }

  mutating func add(_ name: String, _ value: Text) { add(name, value.string) }

  func answer(_ catalogue: CatalogueSnapshot) -> Answer {
    var answer = Answer(columns: [
      Answer.Column(name: "property", kind: .text, values: .texts(names)),
      Answer.Column(name: "value", kind: .text, values: .texts(values)),
    ])
    answer.meta.asOfSeq = catalogue.lastSeq
    return answer
  }
}

extension QueryValue {
  static func time(optional ns: Int64?) -> QueryValue { ns.map(QueryValue.time) ?? .null }
  static func text(optional text: Text?) -> QueryValue { text.map { .text($0) } ?? .null }
  static func count(_ value: UInt64) -> QueryValue { .integer(Int64(clamping: value)) }
}
