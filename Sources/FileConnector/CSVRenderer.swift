import Model

/// Phase 2 of CSV: writes each row as a JSON document.
struct CSVRenderer {
  private let rows: CSVRows
  private let position: Int64
  private(set) var output: [UInt8] = []
  private(set) var documents: [DocumentRange] = []
  private(set) var refused: [RefusedDocument] = []
  /// Up to where lines are counted, and the number of the line there.
  private var counted: (index: Int, line: Int)

  init(_ rows: CSVRows, position: Int64) {
    self.rows = rows
    self.position = position
    counted = (0, rows.firstLine)
  }

  /// Renders all rows of `bytes`. Linear in the output.
  mutating func render(_ bytes: Span<UInt8>) {
    let isValid = ByteSearch.isUTF8(bytes)
    documents.reserveCapacity(rows.ends.count)
    output.reserveCapacity(bytes.count + rows.ends.count * rows.header.keys.count + 4096)
    var start = 0
    for end in rows.ends {
      let row = rowContent(bytes, from: start, to: Int(end))
      if !row.isEmpty { render(bytes, row, isValid: isValid) }
      start = Int(end)
    }
  }

  private mutating func render(_ bytes: Span<UInt8>, _ row: Range<Int>, isValid: Bool) {
    guard row.count <= Limits.maxDocumentBytes else {
      refuse(bytes, row, oversize: row.count)
      return
    }
    guard isValid || ByteSearch.isUTF8(bytes.extracting(row)) else {
      refuse(bytes, row, .invalidUTF8)
      return
    }
    let start = output.count
    var fault: RowFault?
    var byteCount = 0
    let header = rows.header
    let bound = JSONText.stringBound(row.count) + header.keys.count + 3 * header.count + 2
    output.append(addingCapacity: bound) { out in
      fault = Self.appendDocument(bytes, row, header, to: &out)
      byteCount = out.count
      if fault != nil || byteCount > Limits.maxDocumentBytes { out.removeAll() }
    }
    if let fault {
      refuse(bytes, row, fault)
    } else if byteCount > Limits.maxDocumentBytes {
      refuse(bytes, row, oversize: byteCount)
    } else {
      documents.append(
        DocumentRange(
          start: UInt32(start), byteCount: UInt32(byteCount),
          position: position + Int64(row.lowerBound)))
    }
  }

  private mutating func refuse(_ bytes: Span<UInt8>, _ row: Range<Int>, oversize byteCount: Int) {
    refused.append(
      RefusedDocument(
        oversize: byteCount, position: position + Int64(row.lowerBound),
        head: headForLedger(bytes.extracting(row))))
  }

  private mutating func refuse(_ bytes: Span<UInt8>, _ row: Range<Int>, _ fault: RowFault) {
    counted.line += ByteSearch.lineEndCount(in: bytes, counted.index..<row.lowerBound)
    counted.index = row.lowerBound
    refused.append(
      RefusedDocument(
        position: position + Int64(row.lowerBound),
        reason: "line \(counted.line): \(fault.text(expectedFields: rows.header.count))",
        head: headForLedger(bytes.extracting(row))))
  }
}

/// Why a row is no document.
private enum RowFault {
  case invalidUTF8
  case fieldCount(Int)
  case textAfterQuote(field: Int)

  func text(expectedFields: Int) -> String {
    switch self {
    case .invalidUTF8: "the row is not valid UTF-8"
    case .fieldCount(let found): "expected \(expectedFields) fields, found \(found)"
    case .textAfterQuote(let field): "field \(field) has text after its closing quote"
    }
  }
}

extension CSVRenderer {
  /// Appends the row as one JSON object, its fields in the header's order.
  private static func appendDocument(
    _ bytes: Span<UInt8>, _ row: Range<Int>, _ header: CSVHeader, to out: inout OutputSpan<UInt8>
  ) -> RowFault? {
    var cursor = CSVFieldCursor(row, delimiter: header.delimiter)
    let keys = header.keys.span
    var found = 0
    out.append(Byte.openBrace)
    while let field = cursor.next(in: bytes) {
      found += 1
      if field.hasTextAfterQuote { return .textAfterQuote(field: found) }
      if found > header.count || (!field.isQuoted && field.start == field.end) { continue }
      if found == 1 && header.ignoresFirst { continue }
      if out.count > 1 { out.append(Byte.comma) }
      ByteSearch.append(keys, header.key(found - 1), to: &out)
      if found <= header.stringFields.count, header.stringFields[found - 1] {
        JSONText.appendString(
          bytes, field.start..<field.end, hasDoubledQuotes: field.isQuoted, to: &out)
      } else {
        appendValue(bytes, field, header, to: &out)
      }
    }
    out.append(Byte.closeBrace)
    return found == header.count ? nil : .fieldCount(found)
  }

  @inline(__always)
  private static func appendValue(
    _ bytes: Span<UInt8>, _ field: CSVField, _ header: CSVHeader, to out: inout OutputSpan<UInt8>
  ) {
    let range = field.start..<field.end
    // Where the delimiter is a comma, a number with a decimal comma has to be quoted.
    let mayBeNumber =
      !field.isQuoted || (header.decimalMark == .comma && header.delimiter == Byte.comma)
    if mayBeNumber, let number = CSVNumber(bytes, range, header.decimalMark) {
      number.append(bytes, to: &out)
    } else if !field.isQuoted && JSONText.isBoolean(bytes, range) {
      ByteSearch.append(bytes, range, to: &out)
    } else {
      JSONText.appendString(bytes, range, hasDoubledQuotes: field.isQuoted, to: &out)
    }
  }
}
