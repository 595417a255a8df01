import Bytes
import Model
import Zstd

/// The original documents of one block.
struct BlockDocuments {
  /// The documents, and some bytes after them that mean nothing.
  var bytes: [UInt8] = []
  /// Where each document ends in `bytes`; it begins where the one before ends.
  var ends: [Int] = []

  /// The place of the document of the block's event `index`.
  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }
}

/// Writes the original documents of one block again: literals of their shapes with the values of the
/// columns between them, and the documents that were kept whole.
struct DocumentRenderer {
  private let reader: BlockReader
  private let infos: [ColumnInfo]
  private let program: ShapeProgram
  private var columns: [ColumnValues]
  /// The bytes of all string columns, and where each column's begin: one array that stays the same is read
  /// without counting references.
  private var strings: [UInt8] = []
  private var stringStarts: [Int]
  private let shapes: [Int64]
  private let times: [Int64]
  private let timeFormats: [Int64]
  private let factCounts: [Int64]
  private let factTimes: [Int64]
  private let factTimeFormats: [Int64]
  private let factShapes: [Int64]

  /// The documents of the block that `reader` reads. O(block).
  static func documents(
    _ reader: BlockReader, columns infos: [ColumnInfo], program: ShapeProgram
  ) throws -> BlockDocuments {
    var documents = BlockDocuments()
    try render(reader, columns: infos, program: program, into: &documents)
    return documents
  }

  /// The documents of some of its events, which are given by their places, ascending. O(block), but a tenth of what all
  /// take.
  static func documents(
    _ reader: BlockReader, columns infos: [ColumnInfo], program: ShapeProgram, of events: [Int]
  ) throws -> BlockDocuments {
    precondition(
      zip(events, events.dropFirst()).allSatisfy { $0 < $1 }, "events are not in order")
    var documents = BlockDocuments()
    try DocumentRenderer(reader, infos, program).run(into: &documents, only: events)
    return documents
  }

  /// The same of all, into memory that is used again.
  static func render(
    _ reader: BlockReader, columns infos: [ColumnInfo], program: ShapeProgram,
    into documents: inout BlockDocuments
  ) throws {
    let renderer = try DocumentRenderer(reader, infos, program)
    try renderer.run(into: &documents)
  }

  private init(
    _ reader: BlockReader, _ infos: [ColumnInfo], _ program: ShapeProgram
  ) throws {
    self.reader = reader
    self.infos = infos
    self.program = program
    let rows = try BlockRows(reader, shapeCount: program.shapeCount)
    (shapes, times, timeFormats) = (rows.shapes, rows.times, rows.timeFormats)
    (factCounts, factTimes) = (rows.factCounts, rows.factTimes)
    (factTimeFormats, factShapes) = (rows.factTimeFormats, rows.factShapes)
    let none = ColumnValues.none
    columns = Array(repeating: none, count: infos.count)
    stringStarts = Array(repeating: 0, count: infos.count)
    for section in reader.header.sections where section.kind == .column {
      let number = Int(section.column)
      guard infos.indices.contains(number),
        let column = try reader.column(section.column, infos[number])
      else { throw reader.damage(section) }
      columns[number] = column
      stringStarts[number] = strings.count
      strings += column.strings.bytes
    }
  }

  /// With `only` nothing but the documents of these events.
  private func run(into documents: inout BlockDocuments, only wanted: [Int]? = nil) throws {
    var rest = wanted?[...]
    var whole = WholeDocuments(reader)
    var progress = Progress(columnCount: columns.count)
    let byteCount = Int(reader.header.originalBytes)
    let missing = byteCount + ByteSink.slack - documents.bytes.count
    if missing > 0 { documents.bytes.append(contentsOf: repeatElement(0, count: missing)) }
    documents.ends.removeAll(keepingCapacity: true)
    documents.ends.reserveCapacity(shapes.count)
    try documents.bytes.withSink { sink in
      for event in shapes.indices {
        let firstFact = progress.nextFact
        let isWanted = rest == nil || rest?.first == event
        if isWanted { rest?.removeFirst() }
        if shapes[event] == Shape.none {
          if isWanted { try whole.next(into: &sink) } else { try whole.skip() }
          skipValues(event: event, &progress)
        } else if !isWanted {
          skip(Int(shapes[event]) - 1, event, &progress)
        } else {
          render(Int(shapes[event]) - 1, event, &progress, &sink)
        }
        if !factCounts.isEmpty { progress.nextFact = firstFact + Int(factCounts[event]) }
        if isWanted { documents.ends.append(sink.count) }
        if rest?.isEmpty == true { break }
      }
      let isWhole = wanted != nil || sink.count == byteCount
      if sink.didOverflow || !isWhole || progress.isDamaged { throw reader.damage }
    }
  }

  /// What changes from document to document. Kept apart from the columns, which then need no protection
  /// against changing while they are read.
  private struct Progress {
    /// How many values of each column are used up.
    var cursors: [Int]
    var timeWriter = TimeWriter()
    var nextFact = 0
    var isDamaged = false

    init(columnCount: Int) { cursors = Array(repeating: 0, count: columnCount) }
  }

  @inline(__always)
  @_lifetime(sink: copy sink)
  private func render(
    _ shape: Int, _ event: Int, _ progress: inout Progress, _ sink: inout ByteSink
  ) {
    for index in program.steps(of: shape) {
      let step = program.steps[index]
      sink.append(
        program.literals.rawSpan, from: Int(step.literalStart), byteCount: Int(step.literalBytes))
      switch step.kind {
      case .number, .string, .opaque, .bool, .real, .signed, .unsigned:
        renderValue(Int(step.column), step.kind, &progress, &sink)
      case .time, .epoch:
        progress.timeWriter.append(
          times[event], TimeFormat(code: UInt32(truncatingIfNeeded: timeFormats[event])),
          to: &sink)
      case .elements: renderElements(step, event, &progress, &sink)
      case .end: return
      }
    }
  }

  @inline(__always)
  @_lifetime(sink: copy sink)
  private func renderValue(
    _ column: Int, _ kind: SlotKind, _ progress: inout Progress, _ sink: inout ByteSink
  ) {
    guard column < columns.count, progress.cursors[column] < columns[column].count,
      columns[column].kind == kind
    else {
      progress.isDamaged = true
      return
    }
    let index = progress.cursors[column]
    progress.cursors[column] = index + 1
    switch kind {
    case .number:
      // Field by field: a call on the numbers as a whole would count references to all of them.
      let style = columns[column].numbers.style
      let scale =
        style == .each
        ? Int(columns[column].numbers.scales[index]) : columns[column].numbers.scale
      sink.append(mantissa: columns[column].numbers.mantissas[index], scale: scale, style)
    case .string, .opaque:
      let range = columns[column].strings.range(index)
      sink.append(
        strings.rawSpan, from: stringStarts[column] + range.lowerBound, byteCount: range.count)
    default:
      let isTrue = columns[column].integers[index] == 1
      sink.append(word: isTrue ? 0x6575_7274 : 0x65_736C_6166, byteCount: isTrue ? 4 : 5)
    }
  }

  @inline(never)
  @_lifetime(sink: copy sink)
  private func renderElements(
    _ step: ShapeProgram.Step, _ event: Int, _ progress: inout Progress, _ sink: inout ByteSink
  ) {
    let facts = progress.nextFact..<progress.nextFact + Int(factCounts[event])
    for fact in facts {
      if fact > facts.lowerBound {
        sink.append(
          program.literals.rawSpan, from: Int(step.separatorStart),
          byteCount: Int(step.separatorBytes))
      }
      guard factShapes[fact] > 0 else {
        progress.isDamaged = true
        return
      }
      renderElement(Int(factShapes[fact]) - 1, fact, &progress, &sink)
    }
  }

  @inline(never)
  @_lifetime(sink: copy sink)
  private func renderElement(
    _ shape: Int, _ fact: Int, _ progress: inout Progress, _ sink: inout ByteSink
  ) {
    for index in program.steps(of: shape) {
      let step = program.steps[index]
      sink.append(
        program.literals.rawSpan, from: Int(step.literalStart), byteCount: Int(step.literalBytes))
      switch step.kind {
      case .number, .string, .opaque, .bool, .real, .signed, .unsigned:
        renderValue(Int(step.column), step.kind, &progress, &sink)
      case .time, .epoch:
        progress.timeWriter.append(
          factTimes[fact],
          TimeFormat(code: UInt32(truncatingIfNeeded: factTimeFormats[fact])), to: &sink)
      case .end, .elements: return
      }
    }
  }

  /// Passes over the column values of a document of this shape.
  private func skip(_ shape: Int, _ event: Int, _ progress: inout Progress) {
    for index in program.steps(of: shape) {
      let step = program.steps[index]
      switch step.kind {
      case .number, .string, .opaque, .bool, .real, .signed, .unsigned:
        guard columns.indices.contains(Int(step.column)) else {
          progress.isDamaged = true
          return
        }
        progress.cursors[Int(step.column)] += 1
      case .elements:
        for fact in progress.nextFact..<progress.nextFact + Int(factCounts[event]) {
          guard factShapes[fact] > 0 else {
            progress.isDamaged = true
            return
          }
          skip(Int(factShapes[fact]) - 1, event, &progress)
        }
      case .time, .epoch, .end: break
      }
    }
  }

  /// Passes over the column values of a document that was kept whole.
  private func skipValues(event: Int, _ progress: inout Progress) {
    let facts = factCounts.isEmpty ? 0 : Int(factCounts[event])
    for index in columns.indices where columns[index].count > 0 {
      let isElement = infos[index].isElement
      let rows =
        isElement ? progress.nextFact..<progress.nextFact + facts : event..<event + 1
      for row in rows where columns[index].presence[row] { progress.cursors[index] += 1 }
    }
  }
}

/// The shapes of a stream, laid out for rendering.
struct ShapeProgram {
  struct Step {
    var literalStart: Int32
    var literalBytes: Int32
    var separatorStart: Int32 = 0
    var separatorBytes: Int32 = 0
    var column: Int32
    var kind: SlotKind
  }

  private(set) var steps: [Step] = []
  /// All literals; with slack, so that they can be read in words.
  private(set) var literals: [UInt8] = []
  private var firstSteps: [Int] = [0]

  var shapeCount: Int { firstSteps.count - 1 }

  init(_ shapes: [Shape]) {
    for shape in shapes {
      for segment in shape.segments {
        var step = Step(
          literalStart: Int32(literals.count), literalBytes: Int32(segment.literal.count),
          column: segment.column, kind: segment.kind)
        literals += segment.literal
        step.separatorStart = Int32(literals.count)
        step.separatorBytes = Int32(segment.separator.count)
        literals += segment.separator
        steps.append(step)
      }
      firstSteps.append(steps.count)
    }
  }

  @inline(__always)
  func steps(of shape: Int) -> Range<Int> { firstSteps[shape]..<firstSteps[shape + 1] }
}

/// The documents of a block that were kept whole, in order, a frame at a time.
struct WholeDocuments {
  private let reader: BlockReader
  private var offset = 0
  private var frame = StringValues()
  private var nextInFrame = 0

  init(_ reader: BlockReader) { self.reader = reader }

  @_lifetime(sink: copy sink)
  mutating func next(into sink: inout ByteSink) throws {
    if nextInFrame == frame.ends.count { try readFrame() }
    let range = frame.entryRange(nextInFrame)
    sink.append(frame.bytes, range: range)
    nextInFrame += 1
  }

  /// Appends the next one, and says how many bytes it has.
  mutating func next(into bytes: inout [UInt8]) throws -> Int {
    if nextInFrame == frame.ends.count { try readFrame() }
    let range = frame.entryRange(nextInFrame)
    bytes.append(frame.bytes, range: range)
    nextInFrame += 1
    return range.count
  }

  mutating func skip() throws {
    if nextInFrame == frame.ends.count { try readFrame() }
    nextInFrame += 1
  }

  private mutating func readFrame() throws {
    guard let section = reader.header.section(.documents) else { throw reader.damage }
    let start = offset
    (frame, offset) = try reader.withSection(section) { bytes in
      var frameReader = ByteReader(bytes)
      try frameReader.advance(by: start)
      let count = try frameReader.count()
      guard count > 0 else { throw MalformedBytes(offset: start) }
      let values = try StringCoding.decodeBytes(&frameReader, count: count, reader.decompressor)
      return (values, frameReader.offset)
    }
    nextInFrame = 0
  }
}
