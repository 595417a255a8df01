import Bytes

/// What is made of documents before they are events: which part of each is a record, an event for each element of an array,
/// other names, and fields that all have. In this order:
///
/// ```
/// records 'data.items'             {"data":{"items":[{"t":1},{"t":2}]}}   {"t":1} {"t":2}
/// unnest 'hours'                   {"city":"B","hours":[1,2]}             {"city":"B","hours":1} {"city":"B","hours":2}
/// rename 'main.temp AS warmth'     {"main":{"temp":3}}                    {"warmth":3}
/// constants 'site = north'         {"t":1}                                {"t":1,"site":"north"}
/// ```
///
/// Values keep their bytes.
public struct DocumentMapping: Sendable, Equatable {
  /// The levels of the path of the records; empty for the document itself.
  private var recordsPath: [String] = []
  /// The same of the array that is unnested.
  private var unnestedPath: [String] = []
  private var renames: [Rename] = []
  private var constants: [Constant] = []

  private struct Rename: Sendable, Equatable {
    var path: [String]
    var target: [String]
  }
  private struct Constant: Sendable, Equatable {
    var path: [String]
    var json: [UInt8]
  }

  /// Documents as they are.
  public init() {}

  /// `renames` are like `main.temp AS warmth`, `constants` like `site = north`: a value that is JSON is that, any other is a
  /// text. Paths have dots between their levels; a number is the place of an element. Throws ``MappingError``.
  public init(
    records: String? = nil, unnest: String? = nil, renames: [String] = [], constants: [String] = []
  ) throws(MappingError) {
    if let records { recordsPath = try Self.levels(records, "records") }
    if let unnest { unnestedPath = try Self.levels(unnest, "unnest") }
    for text in renames { self.renames.append(try Self.rename(text)) }
    for text in constants { self.constants.append(try Self.constant(text)) }
  }

  /// Whether documents stay as they are.
  public var isIdentity: Bool { self == DocumentMapping() }

  /// Whether documents are parts of what there is, which may be larger than a document.
  public var takesParts: Bool { !recordsPath.isEmpty || !unnestedPath.isEmpty }

  /// Documents that take more together than this are refused: fields around an array come with each of its elements.
  public static let maxBytesOfDocument = 64 << 20

  // MARK: Options

  private static func rename(_ text: String) throws(MappingError) -> Rename {
    let parts = text.split(separator: /\s+[Aa][Ss]\s+/, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw MappingError("rename takes texts such as 'main.temp AS temperature', not '\(text)'")
    }
    return Rename(
      path: try levels(String(parts[0]), "rename"), target: try levels(String(parts[1]), "rename"))
  }

  private static func constant(_ text: String) throws(MappingError) -> Constant {
    guard let sign = text.firstIndex(of: "=") else {
      throw MappingError("constants takes texts such as 'site = north', not '\(text)'")
    }
    let path = try levels(String(text[..<sign]), "constants")
    let value = String(trimmed(text[text.index(after: sign)...]))
    if (try? JSONReader.value(Array(value.utf8))) != nil {
      return Constant(path: path, json: Array(value.utf8))
    }
    var json: [UInt8] = []
    json.append(jsonString: value)
    return Constant(path: path, json: json)
  }

  private static func levels(_ text: String, _ option: String) throws(MappingError) -> [String] {
    let levels = trimmed(text[...]).split(separator: ".", omittingEmptySubsequences: false)
    guard levels.allSatisfy({ !$0.isEmpty }) else {
      throw MappingError("\(option) takes paths such as 'data.items', not '\(text)'")
    }
    return levels.map(String.init)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}

/// An option of a mapping cannot be read.
public struct MappingError: Error, Equatable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}

/// A document cannot be mapped: it is refused, with the reason.
public struct MappingFault: Error, Equatable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }

  static func reading<Result>(
    _ body: () throws(JSONReadError) -> Result
  ) throws(MappingFault) -> Result {
    do { return try body() } catch {
      throw MappingFault("it cannot be mapped: no JSON at byte \(error.offset)")
    }
  }
}

extension DocumentMapping {
  /// The documents that are made of one. Throws ``MappingFault``. O(its bytes + those of what is made).
  public func documents(of document: [UInt8]) throws(MappingFault) -> [[UInt8]] {
    var made: [[UInt8]] = []
    for record in try records(in: document) { made += try documents(of: document, record) }
    return made
  }

  /// Where the records stand in a document: the elements, where there is an array at the path. A record is found by its
  /// brackets: whether it is JSON is for who takes it to say, of it alone. Throws ``MappingFault`` when there is nothing, or the
  /// document has no such structure. O(bytes).
  public func records(in document: [UInt8]) throws(MappingFault) -> [Range<Int>] {
    let whole = try Self.whole(of: document)
    if recordsPath.isEmpty { return [whole] }
    let records = try MappingFault.reading { () throws(JSONReadError) -> [Range<Int>]? in
      guard let place = try JSONPlaces.place(of: recordsPath, in: document, within: whole) else {
        return nil
      }
      if JSONPlaces.isNull(document, place) { return [] }
      return try JSONPlaces.elements(in: document, place) ?? [place]
    }
    guard let records else {
      throw MappingFault("it has no \(recordsPath.joined(separator: "."))")
    }
    return records
  }

  /// The documents that are made of one record. Throws ``MappingFault``.
  public func documents(
    of document: [UInt8], _ record: Range<Int>
  ) throws(MappingFault) -> [[UInt8]] {
    var made: [[UInt8]] = []
    for text in try unnested(document, record) {
      if renames.isEmpty, constants.isEmpty {
        made.append(text)
        continue
      }
      var tree = try MappedTree(text, Self.whole(of: text))
      for rename in renames { try tree.move(rename.path, to: rename.target) }
      for constant in constants { try tree.put(constant.json, at: constant.path) }
      made.append(tree.render())
    }
    return made
  }

  private func unnested(
    _ document: [UInt8], _ record: Range<Int>
  ) throws(MappingFault) -> [[UInt8]] {
    guard !unnestedPath.isEmpty else { return [Array(document[record])] }
    let found = try MappingFault.reading { () throws(JSONReadError) in
      try JSONPlaces.place(of: unnestedPath, in: document, within: record)
    }
    let elements = try found.flatMap { place throws(MappingFault) -> [Range<Int>]? in
      try MappingFault.reading { () throws(JSONReadError) in
        try JSONPlaces.elements(in: document, place)
      }
    }
    // What has no array there, or an empty one, is a document as it is: nothing is dropped.
    guard let array = found, let elements, !elements.isEmpty else {
      return [Array(document[record])]
    }
    let aroundCount = record.count - array.count
    guard aroundCount * elements.count <= Self.maxBytesOfDocument else {
      throw MappingFault(
        "its \(elements.count) elements with the \(aroundCount) bytes around them would take more than \(Self.maxBytesOfDocument) bytes"
      )
    }
    let (before, after) = (
      document[record.lowerBound..<array.lowerBound], document[array.upperBound..<record.upperBound]
    )
    return elements.map { element in
      var made = Array(before)
      made += document[element]
      made += after
      return made
    }
  }

  private static func whole(of text: [UInt8]) throws(MappingFault) -> Range<Int> {
    try MappingFault.reading { () throws(JSONReadError) in
      var reader = JSONReader(text)
      let place = try reader.place()
      if ["{", "["].contains(UnicodeScalar(text[place.lowerBound])) {
        try reader.end()
      } else {
        // No brackets tell what it was meant to be: it may be a page of HTML.
        _ = try JSONReader.value(text)
      }
      return place
    }
  }
}
