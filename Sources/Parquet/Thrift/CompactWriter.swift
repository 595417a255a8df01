import Bytes

/// Writes structures in Thrift's compact protocol, in which Parquet has its headers and its footer.
///
/// Fields are given in the order of their ids. What is not given is absent: readers take the default.
/// Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
struct CompactWriter {
  private(set) var bytes: [UInt8] = []
  /// The field before, by which the next one's id is told.
  private var lastId = 0

  /// How values of a type are marked.
  enum Kind: UInt8 {
    case yes = 1
    case no = 2
    case int16 = 4
    case int32 = 5
    case int64 = 6
    case binary = 8
    case list = 9
    case structure = 12
  }

  /// A structure of its own: what `body` writes, and its end.
  static func structure(_ body: (inout CompactWriter) -> Void) -> [UInt8] {
    var writer = CompactWriter()
    writer.structure(body)
    return writer.bytes
  }

  mutating func field(_ id: Int, _ value: Bool) { head(id, value ? .yes : .no) }

  mutating func field(_ id: Int, int16 value: Int) {
    head(id, .int16)
    bytes.append(signedVarint: Int64(value))
  }

  mutating func field(_ id: Int, int32 value: Int) {
    head(id, .int32)
    bytes.append(signedVarint: Int64(value))
  }

  mutating func field(_ id: Int, int64 value: Int) {
    head(id, .int64)
    bytes.append(signedVarint: Int64(value))
  }

  mutating func field(_ id: Int, binary value: [UInt8]) {
    head(id, .binary)
    element(value)
  }

  mutating func field(_ id: Int, _ text: String) { field(id, binary: Array(text.utf8)) }

  /// A structure in the structure.
  mutating func field(_ id: Int, _ body: (inout CompactWriter) -> Void) {
    head(id, .structure)
    structure(body)
  }

  mutating func field(_ id: Int, int32s values: [Int]) {
    list(id, .int32, values) { $0.bytes.append(signedVarint: Int64($1)) }
  }

  mutating func field(_ id: Int, int64s values: [Int]) {
    list(id, .int64, values) { $0.bytes.append(signedVarint: Int64($1)) }
  }

  mutating func field(_ id: Int, binaries values: [[UInt8]]) {
    list(id, .binary, values) { $0.element($1) }
  }

  mutating func field(_ id: Int, booleans values: [Bool]) {
    list(id, .yes, values) { $0.bytes.append(($1 ? Kind.yes : Kind.no).rawValue) }
  }

  /// A list of structures, each with what `body` writes for an element.
  mutating func field<Element>(
    _ id: Int, structures elements: [Element], _ body: (inout CompactWriter, Element) -> Void
  ) {
    list(id, .structure, elements) { writer, element in writer.structure { body(&$0, element) } }
  }

  private mutating func list<Element>(
    _ id: Int, _ kind: Kind, _ elements: [Element], _ body: (inout CompactWriter, Element) -> Void
  ) {
    head(id, .list)
    if elements.count < 15 {
      bytes.append(UInt8(elements.count) << 4 | kind.rawValue)
    } else {
      bytes.append(0xF0 | kind.rawValue)
      bytes.append(varint: UInt64(elements.count))
    }
    for element in elements { body(&self, element) }
  }

  private mutating func structure(_ body: (inout CompactWriter) -> Void) {
    let outerId = lastId
    lastId = 0
    body(&self)
    bytes.append(0)
    lastId = outerId
  }

  private mutating func element(_ value: [UInt8]) {
    bytes.append(varint: UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  private mutating func head(_ id: Int, _ kind: Kind) {
    precondition(id > lastId && id - lastId <= 15, "fields are written in the order of their ids")
    bytes.append(UInt8(id - lastId) << 4 | kind.rawValue)
    lastId = id
  }
}
