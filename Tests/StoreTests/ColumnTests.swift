import Model
import Testing

@testable import Store

@Suite struct ColumnTests {
  private func columns(_ documents: [String], _ path: String, explode: String? = nil) throws
    -> [(FactColumn.Values, [Bool])]
  {
    let directory = TemporaryDirectory()
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let options = StreamOptions(explodePath: explode)
    #expect(try store.append(documents, to: "s", options: options).accepted == documents.count)
    var columns: [(FactColumn.Values, [Bool])] = []
    try store.forEachColumn(path, of: "s") { column in
      columns.append((column.values, (0..<column.factCount).map(column.isPresent)))
    }
    return columns
  }

  @Test(arguments: [
    (["1", "2"], FactColumn.Values.integers([1, 2])),
    (["1.5", "2.25", "-3"], .doubles([1.5, 2.25, -3])),
    (["1e3", "2"], .doubles([1000, 2])),
    (
      ["0.1", "0.30000000000000004", "123456789.123456789"],
      .doubles([0.1, 0.30000000000000004, 123456789.123456789])
    ),
    (["9223372036854775807", "1"], .integers([.max, 1])),
    (["1.0", "2"], .doubles([1, 2])),
    (
      ["18446744073709551615", "9223372036854775808", "-9223372036854775808", "1"],
      .numbers([
        Number(UInt64.max), Number(UInt64(1) << 63), Number(Int64.min), Number(1 as Int64),
      ])
    ),
    (
      ["9007199254740993.0", "9007199254740993e0", "-0", "1e25"],
      .numbers(
        [9_007_199_254_740_993, 9_007_199_254_740_993, 0].map { Number($0 as Int64) }
          + [Number(decimal: "1e25") ?? .zero])
    ),
    (["18446744073709551617", "1"], .strings(["18446744073709551617", "1"])),
    (["true", "false"], .bools([true, false])),
    (["\"a\"", "\"b\\u0063\"", "\"a\""], .strings(["a", "bc", "a"])),
    (["1.50", "\"x\"", "true"], .strings(["1.50", "x", "true"])),
  ])
  func typesAreWidened(_ values: [String], _ expected: FactColumn.Values) throws {
    let documents = values.map { "{\"ts\":1717200000,\"v\":\($0)}" }
    let columns = try columns(documents, "v")
    #expect(columns.map(\.0) == [expected])
    #expect(columns.allSatisfy { $0.1.allSatisfy(\.self) })
  }

  @Test func factsWithoutAValueAreKnown() throws {
    let documents = [
      #"{"ts":1,"v":1}"#, #"{"ts":2}"#, #"{"ts":3,"v":null}"#, #"{"ts":4,"v":4}"#,
    ]
    let columns = try columns(documents, "v")
    #expect(columns.first?.1 == [true, false, false, true])
    #expect(try self.columns(documents, "nothing").first?.0 == FactColumn.Values.none)
  }

  @Test func arraysExplodeIntoFacts() throws {
    let documents = [
      #"{"ts":1,"d":"a","r":[{"m":"x","v":1},{"m":"y","v":2}]}"#, #"{"ts":2,"d":"b","r":[]}"#,
      #"{"ts":3,"r":[{"v":3}],"d":"c"}"#,
    ]
    let values = try columns(documents, "r.v", explode: "r")
    #expect(values.first?.1 == [true, true, false, true])
    let devices = try columns(documents, "d", explode: "r")
    #expect(devices.map(\.0) == [.strings(["a", "a", "b", "c"])])
  }

  /// Where the array is an object in some documents, one path names fields of events and of elements.
  @Test func fieldsOfEventsAndOfElementsShareAPath() throws {
    let documents = [
      #"{"ts":1,"r":[{"v":1},{"v":2.5}]}"#, #"{"ts":2,"r":{"v":5}}"#, #"{"ts":3,"r":[{},{"v":7}]}"#,
    ]
    let values = try columns(documents, "r.v", explode: "r")
    #expect(values.first?.1 == [true, true, true, false, true])
    #expect(values.map(\.0) == [.doubles([1, 2.5, 5, 0, 7])])
  }
}
