import Bytes
import Model
import SimdJSON

/// Finds out what a stream is like from its first documents.
///
/// A field of the names below counts when one of the documents has it, so that the order in which documents of
/// several kinds come does not decide. The time is the name that most of them can be read by.
struct Detection {
  private let name: String
  private let options: StreamOptions
  /// Scalar fields of the documents looked at, and of their elements.
  private var fields: Set<[UInt8]> = []
  /// For each name that could be the time, how many documents have it and how many have it readable.
  private var present: [Int]
  private var readable: [Int]
  private let timeNames: [String]
  /// Documents with a readable time among their elements.
  private var withElementTime = 0
  private var timeParser: TimeParser

  /// Documents of a batch that are looked at; the first that are legal JSON.
  static let maxDocuments = 1_000

  private init(_ name: String, _ options: StreamOptions) throws {
    timeParser = TimeParser(
      try StreamDefinition.reading(
        zone: options.timeZone, unit: options.timeUnit, format: options.timeFormat))
    self.name = name
    self.options = options
    timeNames = options.timePath.map { [$0] } ?? StreamDefinition.timeNames
    present = Array(repeating: 0, count: timeNames.count)
    readable = present
  }

  /// The definition that fits the first ``maxDocuments`` documents of `batch`; `isAccepted` when it makes an event of
  /// one of them at least. Nil when none has a field that could be the time. O(bytes of these documents).
  static func definition(
    name: String, _ options: StreamOptions, in batch: DocumentBatch, limit: Int = maxDocuments
  ) throws -> (candidate: StreamDefinition?, isAccepted: Bool) {
    var detection = try Detection(name, options)
    let validator = SimdJSONValidator()
    var list = TokenList()
    var seen = 0
    for document in batch.documents where seen < limit {
      let range = Int(document.start)..<Int(document.start) + Int(document.byteCount)
      do throws(DocumentError) {
        try DocumentReader.scan(
          batch.bytes.rawSpan, range, explodePath: options.explodePath, validator: validator,
          into: &list)
        detection.look(at: list, batch.bytes.rawSpan)
        seen += 1
      } catch {
        continue
      }
    }
    return detection.result
  }

  private mutating func look(at list: TokenList, _ bytes: RawSpan) {
    var hasElementTime = false
    var isRefused = false
    let elementTimes = elementTimeNames
    for token in list.tokens where [.string, .number, .hardNumber].contains(token.kind) {
      let path = list.paths[Int(token.path)]
      fields.insert(Array(path.utf8))
      if let index = timeNames.firstIndex(where: { $0.isPath(path) }) {
        present[index] += 1
        if token.time(in: bytes, &timeParser) != nil {
          readable[index] += 1
        } else {
          isRefused = true
        }
      } else if !hasElementTime, elementTimes.contains(where: { $0.isPath(path) }) {
        hasElementTime = token.time(in: bytes, &timeParser) != nil
      }
    }
    if hasElementTime, !isRefused { withElementTime += 1 }
  }

  private var elementTimeNames: [String] {
    guard let explode = options.explodePath else { return [] }
    return options.elementTimePath.map { [$0] }
      ?? StreamDefinition.elementTimeNames.map { "\(explode).\($0)" }
  }

  private func first(_ names: [String]) -> String? {
    names.first { fields.contains(Array($0.utf8)) }
  }

  private var result: (candidate: StreamDefinition?, isAccepted: Bool) {
    let best = timeNames.indices.max {
      // The later one of two that are as good loses.
      (readable[$0], present[$0], -$0) < (readable[$1], present[$1], -$1)
    }
    var elementTime = options.elementTimePath ?? first(elementTimeNames)
    var timePath = options.timePath
    if timePath == nil, let best, present[best] > 0 { timePath = timeNames[best] }
    // No document has a time of its own: that of its elements is all there is.
    if timePath == nil, withElementTime > 0 { timePath = elementTime }
    guard let timePath else { return (nil, false) }
    var definition = definition(timePath: timePath)
    if options.elementTimePath == nil, definition.isInElements(timePath) { elementTime = timePath }
    definition.elementTimePath = elementTime
    if options.explodePath != nil, elementTime == nil {
      definition.undetected.insert(.elementTime)
    }
    let isAccepted = withElementTime > 0 || (best.map { readable[$0] > 0 } ?? false)
    return (definition, isAccepted)
  }

  /// The definition but for the time of elements.
  private func definition(timePath: String) -> StreamDefinition {
    var definition = StreamDefinition(name: name, timePath: timePath)
    definition.keyPath =
      options.keyPath ?? first(StreamDefinition.keyNames.filter { !$0.isPath(timePath) })
    if definition.keyPath == nil { definition.undetected.insert(.key) }
    switch options.dedup {
    case .detect:
      definition.idPaths = first([StreamDefinition.idName]).map { [$0] } ?? []
      if definition.idPaths.isEmpty { definition.undetected.insert(.dedup) }
    case .none: break
    case .path(let path): definition.idPaths = [path]
    case .paths(let paths): definition.idPaths = paths
    }
    definition.explodePath = options.explodePath
    definition.dedupWindowNs = options.dedupWindowNs ?? definition.dedupWindowNs
    definition.latenessNs = options.latenessNs ?? definition.latenessNs
    (definition.timeZone, definition.timeUnit) = (options.timeZone, options.timeUnit)
    definition.timeFormat = options.timeFormat
    return definition
  }
}
