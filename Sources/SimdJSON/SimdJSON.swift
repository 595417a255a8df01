import CSimdjson

/// simdjson's DOM parser, used to decide whether bytes are one JSON document (RFC 8259). One a thread.
@safe public final class SimdJSONValidator {
  /// Why simdjson refuses a document.
  public struct Refusal: Error, Equatable, CustomStringConvertible {
    let code: Int32

    /// The document holds a number that fits no 64-bit type. Such a number is legal JSON, so the rest
    /// of the document has to be judged by other means.
    public var isNumberRange: Bool { nilo_json_is_number_range_error(code) }

    public var description: String { unsafe String(cString: nilo_json_error_message(code)) }
  }

  private let parser: OpaquePointer

  /// Takes memory for a parser, which grows with the largest document; traps when there is none.
  public init() {
    guard let parser = unsafe nilo_json_parser_create() else {
      preconditionFailure("out of memory for a JSON parser")
    }
    unsafe self.parser = parser
  }

  deinit { unsafe nilo_json_parser_destroy(parser) }

  /// Checks the document `range` of `bytes` in full. O(bytes), at about 2 GB/s.
  public func validate(_ bytes: RawSpan, range: Range<Int>) throws(Refusal) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.byteCount)
    let code = unsafe bytes.withUnsafeBytes { buffer -> Int32 in
      guard let base = buffer.baseAddress else {
        return unsafe nilo_json_validate(parser, "", 0, 0)
      }
      let start = unsafe base.advanced(by: range.lowerBound).assumingMemoryBound(to: CChar.self)
      return unsafe nilo_json_validate(
        parser, start, range.count, buffer.count - range.lowerBound)
    }
    if code != 0 { throw Refusal(code: code) }
  }
}

/// Reads each field of fleet events by name with simdjson's On-Demand parser: the yardstick of the
/// benchmarks. Gives the number of documents read. The bytes need 64 readable bytes after `byteCount`.
public func readFleetFieldsOnDemand(_ bytes: RawSpan, byteCount: Int) -> Int {
  precondition(byteCount + 64 <= bytes.byteCount)
  var sum = 0.0
  return unsafe bytes.withUnsafeBytes { buffer in
    let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
    return unsafe nilo_json_read_fleet_fields(base, byteCount, &sum)
  }
}
