/// Paths are compared byte by byte, as JSON's keys are. Swift's own comparison takes canonically equivalent
/// strings, such as a composed and a decomposed "é", for the same one.
extension String {
  func isPath(_ other: String?) -> Bool {
    guard let other else { return false }
    return utf8.elementsEqual(other.utf8)
  }

  /// Whether it is `ancestor` or a field below it.
  func isPath(within ancestor: String) -> Bool {
    isPath(ancestor) || utf8.starts(with: "\(ancestor).".utf8)
  }
}
