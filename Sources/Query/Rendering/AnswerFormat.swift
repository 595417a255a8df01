/// How an answer is written.
public enum AnswerFormat: String, Sendable, CaseIterable {
  /// Aligned columns for people.
  case table
  /// A line for each value, for people.
  case vertical
  /// One object of columns, rows and meta.
  case json
  /// One object a row.
  case ndjson
  case csv, tsv
  /// A table of Markdown.
  case markdown

  /// Whether it is meant for people: times in the answer's zone, six digits, and a footer.
  public var isForPeople: Bool { self == .table || self == .vertical || self == .markdown }
}

/// Writes answers as bytes.
public struct AnswerRenderer {
  /// The columns of a terminal that a text takes.
  public typealias Width = (String) -> Int

  public var format: AnswerFormat
  /// Whether a table is followed by what one has to know of it: watermark, source, notes.
  public var hasFooter = true
  /// Whether the footer has the time that the answer took.
  public var hasTiming = false
  /// Whether CSV, TSV and tables begin with the columns' names.
  public var hasHeader = true
  let width: Width

  /// `width` is asked for texts beyond ASCII only.
  public init(_ format: AnswerFormat, width: @escaping Width = { $0.unicodeScalars.count }) {
    self.format = format
    self.width = width
  }

  /// Hands out the answer in pieces of some 64 KiB. O(values); memory for one piece.
  public func render(_ answer: Answer, _ sink: ([UInt8]) throws -> Void) rethrows {
    var pieces = Pieces()
    try render(answer, &pieces) { pieces in
      if pieces.isLarge {
        try sink(pieces.bytes)
        pieces.bytes.removeAll(keepingCapacity: true)
      }
    }
    if !pieces.bytes.isEmpty { try sink(pieces.bytes) }
  }

  /// The answer in one piece.
  public func bytes(_ answer: Answer) -> [UInt8] {
    var pieces = Pieces()
    render(answer, &pieces) { _ in }
    return pieces.bytes
  }

  private func render(
    _ answer: Answer, _ pieces: inout Pieces, _ flush: (inout Pieces) throws -> Void
  ) rethrows {
    if answer.columns.isEmpty, let message = answer.message, format != .json {
      if format == .ndjson {
        pieces.append("{\"message\":")
        pieces.append(json: message)
        pieces.append("}\n")
      } else if format != .csv && format != .tsv {
        pieces.append(shown: message)
        pieces.append("\n")
      }
      if hasFooter && format.isForPeople { pieces.appendNotes(answer.meta) }
      return
    }
    switch format {
    case .json: try JSONRendering(answer).whole(&pieces, flush)
    case .ndjson: try JSONRendering(answer).lines(&pieces, flush)
    case .csv, .tsv:
      try SeparatedRendering(answer, format, hasHeader: hasHeader).write(&pieces, flush)
    case .table: try TableRendering(answer, self).write(&pieces, flush)
    case .vertical: try VerticalRendering(answer, self).write(&pieces, flush)
    case .markdown: try MarkdownRendering(answer, self).write(&pieces, flush)
    }
  }
}
