import Bytes

/// The values of a field for the facts of a block, all of one type: those of facts that have one, side by side.
package struct TypedValues: Sendable {
  /// One for each fact that has one.
  package enum Values: Sendable {
    case integers([Int64])
    case doubles([Double])
    case booleans([Bool])
    case texts(ByteStrings)
    /// For each the place of its text in `names`.
    case labels(codes: [Int64], names: ByteStrings)
  }

  package var values: Values
  /// Which facts have a value.
  package var presence: Presence

  package init(_ values: Values, presence: Presence = .all) {
    (self.values, self.presence) = (values, presence)
  }

  /// Of a type, without any value.
  package static func none(_ type: FieldType) -> TypedValues {
    switch type {
    case .integer: TypedValues(.integers([]), presence: .none)
    case .double: TypedValues(.doubles([]), presence: .none)
    case .boolean: TypedValues(.booleans([]), presence: .none)
    case .text: TypedValues(.texts(ByteStrings()), presence: .none)
    }
  }

  /// Those of some of the `factCount` facts, which ascend. O(facts + bytes).
  package func picked(_ facts: [Int], of factCount: Int) -> TypedValues {
    if facts.count == factCount { return self }
    var places: [Int] = []
    var picked = Bitmap(rowCount: facts.count)
    switch presence {
    case .none: return TypedValues(taking(places), presence: .none)
    case .all: return TypedValues(taking(facts), presence: .all)
    case .some(let rows):
      // How many values come before the fact that is looked at.
      var (before, fact) = (0, 0)
      for (index, wanted) in facts.enumerated() {
        before += rows.count(in: fact..<wanted)
        fact = wanted
        if rows[wanted] {
          picked.insert(index)
          places.append(before)
        }
      }
      return TypedValues(taking(places), presence: .some(picked))
    }
  }

  private func taking(_ places: [Int]) -> Values {
    switch values {
    case .integers(let values): return .integers(places.map { values[$0] })
    case .doubles(let values): return .doubles(places.map { values[$0] })
    case .booleans(let values): return .booleans(places.map { values[$0] })
    case .labels(let codes, let names):
      return .labels(codes: places.map { codes[$0] }, names: names)
    case .texts(let texts):
      var taken = ByteStrings()
      for place in places {
        taken.extend { $0.append(texts.bytes, range: texts.range(place)) }
        taken.finishString()
      }
      return .texts(taken)
    }
  }
}

extension BlockFacts {
  /// What values each field has, that is among the stream's columns. Numbers are decoded, others are not. O(numbers).
  package func forms() throws -> [Text: FieldForm] {
    var forms: [Text: FieldForm] = [:]
    for (number, info) in columns.enumerated() where info.kind.isValue {
      guard reader.header.section(column: Int32(number)) != nil else { continue }
      let form: FieldForm =
        switch info.kind {
        case .bool: .booleans
        case .real: .fractions
        case .number, .signed, .unsigned: try reader.column(Int32(number), info)?.form ?? []
        default: .texts
        }
      forms[info.path, default: []].formUnion(form)
    }
    return forms
  }

  /// The values at `path`, as a type that loses nothing of them. O(facts + bytes).
  package func typed(_ path: Text, as type: FieldType) throws -> TypedValues {
    let columns = try physical(path, where: \.isValue).filter { $0.count > 0 }
    guard let first = columns.first else { return .none(type) }
    let presence = Presence.union(of: columns.map(\.presence))
    switch type {
    case .integer:
      return TypedValues(.integers(joined(columns, 0) { $0.wholes }), presence: presence)
    case .double:
      return TypedValues(.doubles(joined(columns, 0) { $0.doubles }), presence: presence)
    case .boolean:
      let values = joined(columns, false) { $0.integers.map { $0 == 1 } }
      return TypedValues(.booleans(values), presence: presence)
    case .text:
      if columns.count == 1 { return TypedValues(first.labelled, presence: presence) }
      let texts = joined(columns, []) { column in (0..<column.count).map { column.text($0) } }
      var all = ByteStrings()
      for text in texts { all.append(text) }
      return TypedValues(.texts(all), presence: presence)
    }
  }

  /// The values of columns in the order of their facts, those without one left out.
  private func joined<Value>(
    _ columns: [ColumnValues], _ blank: Value, _ dense: (ColumnValues) -> [Value]
  ) -> [Value] {
    if columns.count == 1 { return dense(columns[0]) }
    var values = [Value](repeating: blank, count: factCount)
    var isPresent = [Bool](repeating: false, count: factCount)
    for column in columns {
      let own = dense(column)
      var next = 0
      column.presence.forEachRow(below: factCount) { fact in
        (values[fact], isPresent[fact]) = (own[next], true)
        next += 1
      }
    }
    return zip(values, isPresent).filter(\.1).map(\.0)
  }
}

extension SlotKind {
  /// Whether it is what facts have: anything but times, which the stream takes, and what holds others.
  fileprivate var isValue: Bool {
    switch self {
    case .string, .number, .bool, .opaque, .real, .signed, .unsigned: true
    case .time, .epoch, .elements, .end: false
    }
  }
}

extension ColumnValues {
  /// Of a column of numbers as documents write them.
  fileprivate var form: FieldForm {
    let isWide = !fitsDoubles && (0..<count).contains { number($0).isBeyondDoubles }
    let form: FieldForm =
      switch kind {
      case .unsigned: isWide ? .unsigned : .fractions
      case .signed: .integers
      default: numbers.isInteger ? .integers : .fractions
      }
    return isWide ? form.union(.wide) : form
  }

  /// All integers of a column that has no others.
  fileprivate var wholes: [Int64] { kind == .number ? numbers.mantissas : integers }

  /// All values as text.
  fileprivate var labelled: TypedValues.Values {
    guard kind == .string else {
      var texts = ByteStrings()
      for index in 0..<count { texts.append(text(index)) }
      return .texts(texts)
    }
    var names = ByteStrings(bytes: strings.bytes, ends: strings.ends)
    if strings.bytes.contains(JSONText.backslash) {
      names = ByteStrings()
      for entry in strings.ends.indices {
        names.extend {
          JSONText.unescape(strings.bytes.rawSpan, strings.entryRange(entry), into: &$0)
        }
        names.finishString()
      }
    }
    return strings.isDictionary ? .labels(codes: strings.codes, names: names) : .texts(names)
  }
}

extension EventStream {
  /// The paths of fields that have had values, in the order in which documents brought them. O(columns).
  package var fieldPaths: [Text] {
    var known: Set<Text> = []
    return schema.snapshot().columns.filter { $0.kind.isValue && known.insert($0.path).inserted }
      .map(\.path)
  }

  /// The fields that have no column, and whose values are in documents only. O(fields).
  package var fieldsWithoutColumn: [Text] { schema.snapshot().fieldsWithoutColumn.sorted() }
}
