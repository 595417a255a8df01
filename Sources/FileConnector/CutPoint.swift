/// Where a cutter can begin again after a chunk, and what it has to know then.
struct CutPoint: Sendable, Equatable {
  /// Offset in the decompressed source, after the last document that an end follows.
  var offset: Int64
  /// Bytes after it that were handed out as a document although no end followed: more of it may come.
  var openByteCount: Int64 = 0
  /// The number of the line at the offset, from 1.
  var line: Int64
  var state: CutState
}

/// What a format has to know in the middle of a file, beside where it is.
enum CutState: Sendable, Equatable {
  /// Whether the place is within a line that was refused already: what follows up to the line's end is of no document.
  case lines(withinRefused: Bool = false)
  /// Whether documents are elements of an array.
  case json(isInArray: Bool)
  /// The base fields of the pack that is open; nil where none is.
  case senml(SenMLBase?)
  case table(CSVTable)
}

/// Where the header of a table stands, and how its rows are to be read.
struct CSVTable: Sendable, Equatable {
  /// Where the lines before the header begin.
  var start: Int64 = 0
  /// After the header's line end; the start, as long as there is no header.
  var headerEnd: Int64 = 0
  var isOfInflux = false
  /// Nil is still to be found out.
  var mark: DecimalMark?
}
