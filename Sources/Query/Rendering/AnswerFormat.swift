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
  /// The same as one array.
  case objects
  case csv, tsv
  /// A table of Markdown.
  case markdown

  /// Whether it is meant for people: times in the answer's zone, six digits, and a footer.
  public var isForPeople: Bool { self == .table || self == .vertical || self == .markdown }
}

/// Writes answers as bytes.
public struct AnswerRenderer: Sendable {
  /// The columns of a terminal that a text takes.
  public typealias Width = @Sendable (String) -> Int

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
    for piece in pieces(of: answer) { try sink(piece) }
  }

  /// The answer in one piece.
  public func bytes(_ answer: Answer) -> [UInt8] {
    var bytes: [UInt8] = []
    for piece in pieces(of: answer) { bytes.append(contentsOf: piece) }
    return bytes
  }

  /// The answer piece by piece. O(1), but for a table O(values), which are measured.
  public func pieces(of answer: Answer) -> AnswerPieces {
    AnswerPieces(rendering(of: answer), rowCount: answer.rowCount)
  }

  private func rendering(of answer: Answer) -> any AnswerRendering {
    if answer.columns.isEmpty, let message = answer.message, format != .json {
      return rendering(ofMessage: message, answer)
    }
    return switch format {
    case .json: JSONRendering(answer)
    case .ndjson: JSONObjectsRendering(answer, isArray: false)
    case .objects: JSONObjectsRendering(answer, isArray: true)
    case .csv, .tsv: SeparatedRendering(answer, format, hasHeader: hasHeader)
    case .table: TableRendering(answer, self)
    case .vertical: VerticalRendering(answer, self)
    case .markdown: MarkdownRendering(answer, self)
    }
  }

  private func rendering(ofMessage message: String, _ answer: Answer) -> any AnswerRendering {
    MessageRendering { [format, hasFooter] pieces in
      if format == .ndjson || format == .objects {
        pieces.append(format == .objects ? "[{\"message\":" : "{\"message\":")
        pieces.append(json: message)
        pieces.append(format == .objects ? "}]\n" : "}\n")
      } else if format != .csv && format != .tsv {
        pieces.append(shown: message)
        pieces.append("\n")
      }
      if hasFooter && format.isForPeople { pieces.appendNotes(answer.meta) }
    }
  }
}
