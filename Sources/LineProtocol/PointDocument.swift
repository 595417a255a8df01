import Bytes
import Model

/// The JSON document that a point is stored as: flat, so that queries name tags and fields as InfluxDB's do.
///
/// ```
/// cpu,host=a usage_idle=92.5,cores=8i 1717200000000000000
/// {"time":"2024-06-01T00:00:00Z","host":"a","usage_idle":92.5,"cores":8,"_form":"1 fi ns","_id":"0f3c..."}
/// ```
///
/// `_id` is what events are told apart by, a hash of the point. `_form` is how many tags there are, the types of the fields
/// and the unit of the timestamp (`-` where there is none): with it ``StoredLine`` writes the line again. A line that is
/// not written in the usual way is kept instead, in `_line`. `_measurement` is there when the stream is called otherwise.
public struct PointDocument {
  /// Names of what it has beside tags and fields.
  public static let time = "time"
  public static let form = "_form"
  public static let id = "_id"
  public static let line = "_line"
  public static let measurement = "_measurement"

  /// Appends the document of the point that `line` is, where no timestamp means `nowNs`. O(bytes).
  public static func append(
    _ point: Point, of line: Point.Bytes, nowNs: Int64, stream: String, to bytes: inout [UInt8]
  ) {
    var document = PointDocument(bytes: bytes, names: PointNames())
    bytes = []
    let ns = point.time?.ns ?? nowNs
    document.begin(ns: ns)
    for tag in point.tags { document.field(tag.name) { $0.append(jsonString: tag.value) } }
    for field in point.fields {
      document.field(field.name) { append(field.value, to: &$0) }
    }
    if !point.measurement.elementsEqual(stream.utf8) {
      document.own(measurement, point.measurement)
    }
    if !document.names.hasChanged, LineWriter.line(point)[...] == line {
      document.own(form, PointForm(point).text[...])
    } else {
      document.own(Self.line, line)
    }
    document.own(id, PointHash.text(point, ns: ns)[...])
    document.bytes.append(UInt8(ascii: "}"))
    swap(&bytes, &document.bytes)
  }

  private var bytes: [UInt8]
  private var names: PointNames

  private mutating func begin(ns: Int64) {
    bytes.append(contentsOf: "{\"time\":\"\(Timestamp(ns: ns))\"".utf8)
  }

  private mutating func field(_ name: Point.Bytes, _ value: (inout [UInt8]) -> Void) {
    bytes.append(UInt8(ascii: ","))
    bytes.append(jsonString: names.free(name))
    bytes.append(UInt8(ascii: ":"))
    value(&bytes)
  }

  private mutating func own(_ name: String, _ text: Point.Bytes) {
    bytes.append(contentsOf: ",\"\(name)\":".utf8)
    bytes.append(jsonString: text)
  }

  private static func append(_ value: FieldValue, to bytes: inout [UInt8]) {
    switch value {
    case .float(let digits), .integer(let digits), .unsigned(let digits):
      bytes.append(contentsOf: digits)
    case .boolean(let value, _): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .string(let text): bytes.append(jsonString: text)
    }
  }
}

/// The names that a document has already. A tag and a field of one name are told apart as InfluxDB does: the second one
/// is `name_1`.
private struct PointNames {
  private static let own: Set<Point.Bytes> = Set(
    [
      PointDocument.time, PointDocument.form, PointDocument.id, PointDocument.line,
      PointDocument.measurement,
    ].map { Array($0.utf8)[...] })

  private var taken = own
  /// The last number that was tried for a name.
  private var numbers: [Point.Bytes: Int] = [:]

  /// Whether a name had to give way.
  var hasChanged: Bool { !numbers.isEmpty }

  /// `name`, or what it is called since that is taken. O(bytes), whatever names there are.
  mutating func free(_ name: Point.Bytes) -> Point.Bytes {
    if taken.insert(name).inserted { return name }
    while true {
      let number = numbers[name, default: 0] + 1
      numbers[name] = number
      let other = name + "_\(number)".utf8
      if taken.insert(other).inserted { return other }
    }
  }
}
