import Bytes

/// Where values stand in a text of JSON, by their paths. What is not on the way need not be JSON.
enum JSONPlaces {
  /// The place of a value: levels are members' names, or the number of an element from 0. Of members of one name the first that
  /// is not null, as columns have it. Nil when there is none. Throws `JSONReadError`. O(bytes of the levels on the way).
  static func place(
    of path: [String], in text: [UInt8], within whole: Range<Int>
  ) throws(JSONReadError) -> Range<Int>? {
    var place = whole
    for level in path {
      guard let next = try child(level, in: text, place) else { return nil }
      place = next
    }
    return place
  }

  /// The places of an array's elements; nil when it is none.
  static func elements(
    in text: [UInt8], _ place: Range<Int>
  ) throws(JSONReadError) -> [Range<Int>]? {
    guard text[place.lowerBound] == UInt8(ascii: "[") else { return nil }
    var places: [Range<Int>] = []
    var reader = JSONReader(text, at: place.lowerBound)
    try reader.forEachElement { reader throws(JSONReadError) in places.append(try reader.place()) }
    return places
  }

  /// The members of an object, in their order; nil when it is none.
  static func members(
    in text: [UInt8], _ place: Range<Int>
  ) throws(JSONReadError) -> [(name: Text, place: Range<Int>)]? {
    guard text[place.lowerBound] == UInt8(ascii: "{") else { return nil }
    var members: [(name: Text, place: Range<Int>)] = []
    var reader = JSONReader(text, at: place.lowerBound)
    try reader.forEachField { name, reader throws(JSONReadError) in
      members.append((Text(name), try reader.place()))
    }
    return members
  }

  /// Whether the value is `null`.
  static func isNull(_ text: [UInt8], _ place: Range<Int>) -> Bool {
    text[place.lowerBound] == UInt8(ascii: "n")
  }

  private static func child(
    _ level: String, in text: [UInt8], _ place: Range<Int>
  ) throws(JSONReadError) -> Range<Int>? {
    if let members = try members(in: text, place) {
      let places = members.filter { $0.name == Text(level) }.map(\.place)
      return places.first { !isNull(text, $0) } ?? places.first
    }
    guard let number = Int(level), let elements = try elements(in: text, place),
      elements.indices.contains(number)
    else { return nil }
    return elements[number]
  }
}

/// A path into documents: members' names, or the numbers of elements, with dots between them.
public struct JSONPath: Sendable, Equatable {
  private let levels: [String]

  /// `data.items`
  public init(_ path: String) { levels = path.split(separator: ".").map(String.init) }

  /// The value there; nil when there is none. Throws ``MappingFault`` where the document is no JSON on
  /// the way there. O(bytes).
  public func value(in document: [UInt8]) throws(MappingFault) -> JSONValue? {
    try MappingFault.reading { () throws(JSONReadError) in
      var whole = JSONReader(document)
      let place = try JSONPlaces.place(of: levels, in: document, within: try whole.place())
      guard let place else { return nil }
      var reader = JSONReader(document, at: place.lowerBound)
      return try reader.value()
    }
  }
}
