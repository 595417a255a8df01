import CRE2

extension RegularExpression {
  /// The names of the groups in parentheses, in their order; nil for those without.
  public var groupNames: [String?] {
    let count = unsafe nilo_regex_group_count(expression)
    return (0..<count).map { group in
      unsafe nilo_regex_group_name(expression, group + 1).map { unsafe String(cString: $0) }
    }
  }

  /// Where the first match is in `text`, in bytes: the whole, then each group, nil for one that took no part. Nil when
  /// nothing matches. O(bytes x groups).
  public func find(in text: RawSpan) -> [Range<Int>?]? {
    let count = Int(unsafe nilo_regex_group_count(expression)) + 1
    var bounds = [Int](repeating: -1, count: 2 * count)
    let isFound = unsafe text.withUnsafeBytes { bytes in
      unsafe bounds.withUnsafeMutableBufferPointer { bounds in
        guard let base = bytes.baseAddress else {
          return unsafe nilo_regex_find(expression, "", 0, bounds.baseAddress, Int32(count))
        }
        return unsafe nilo_regex_find(
          expression, base.assumingMemoryBound(to: CChar.self), bytes.count, bounds.baseAddress,
          Int32(count))
      }
    }
    guard isFound else { return nil }
    return (0..<count).map { group in
      bounds[2 * group] < 0 ? nil : bounds[2 * group]..<bounds[2 * group + 1]
    }
  }
}
