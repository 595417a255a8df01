/// A list of things, each with the same properties in the same order.
struct ListAnswer {
  private var names: [String] = []
  private var kinds: [Answer.Column.Kind] = []
  private var columns: [[QueryValue]] = []
  /// The column that the next value is for.
  private var next = 0

  /// Rows that are complete.
  var count: Int { columns.last?.count ?? 0 }

  mutating func add(_ name: String, _ value: QueryValue) {
    if next == names.count || names[next] != name {
      // The first of a row's columns again: the row is complete.
      next = names.firstIndex(of: name) ?? names.count
    }
    if next == names.count {
      names.append(name)
      kinds.append(value.columnKind ?? .text)
      columns.append([])
    }
    if let kind = value.columnKind { kinds[next] = kind }
    columns[next].append(value)
    next += 1
  }

  mutating func add(time name: String, _ ns: Int64?) {
    add(name, ns.map(QueryValue.time) ?? .null)
  }

  func answer(_ catalogue: SourceCatalogue) -> Answer {
    var answer = Answer(
      columns: zip(names, zip(kinds, columns)).map {
        Answer.Column(name: $0, kind: $1.0, values: .values($1.1))
      })
    if columns.isEmpty { answer.message = "there is none" }
    answer.meta.asOfSeq = catalogue.lastSeq
    return answer
  }
}

/// The properties of one thing, a line each.
struct PropertyLines {
  private var names: [String?] = []
  private var values: [String?] = []

  mutating func add(_ name: String, _ value: String) {
    names.append(name)
    values.append(value)
  }

  func answer(_ catalogue: SourceCatalogue) -> Answer {
    var answer = Answer(columns: [
      Answer.Column(name: "property", kind: .text, values: .texts(names)),
      Answer.Column(name: "value", kind: .text, values: .texts(values)),
    ])
    answer.meta.asOfSeq = catalogue.lastSeq
    return answer
  }
}

extension QueryValue {
  fileprivate var columnKind: Answer.Column.Kind? {
    switch self {
    case .null: nil
    case .bool: .boolean
    case .integer: .integer
    case .number: .number
    case .text: .text
    case .time: .time
    case .top: .list
    }
  }
}
