import Model

/// A stream cannot be defined so.
public struct StreamDefinitionError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, and what to write instead.
  public var description: String
  /// `description` says what is wrong, and what to write instead.
  package init(_ description: String) { self.description = description }
}

/// A stream or a KPI cannot have that name.
public struct StreamNameError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var description: String {
    "\(name.debugDescription) cannot be a name: use a letter, then letters, digits, "
      + "'_', '-' or '.', 100 in all at most"
  }
}

/// A stream's dedup id cannot be its time.
public struct DedupByTimeError: Error, Equatable, CustomStringConvertible {
  public var path: String
  public var description: String {
    "\(path.debugDescription) is the event's time and cannot be its dedup id as well; "
      + "name another field, or none"
  }
}

extension StreamDefinition {
  /// Fields of one dedup id at most.
  public static let maxIdPaths = 8

  /// Throws ``StreamNameError`` unless it is 1 to 100 bytes: an ASCII letter, then ASCII letters, digits, `_`, `-` and
  /// `.`. O(bytes).
  package static func checkName(_ name: String) throws {
    let isLegal =
      name.utf8.count <= 100 && name.first.map { $0.isASCII && $0.isLetter } == true
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
    if !isLegal { throw StreamNameError(name: name) }
  }

  /// The definition with what follows from the rest filled in. Throws ``StreamNameError``, ``DedupByTimeError`` or
  /// ``StreamDefinitionError`` when it cannot be.
  func checked() throws -> StreamDefinition {
    try Self.checkName(name)
    var checked = self
    try checked.settleElementTime()
    try checked.settleReading()
    try checkIds()
    if let keyPath, keyPath.isPath(timePath) || keyPath.isPath(elementTimePath) {
      throw StreamDefinitionError(
        "\(keyPath.debugDescription) is the time and cannot be the key as well; name another field, "
          + "or none")
    }
    for (what, ns) in [("dedup window", dedupWindowNs), ("lateness", latenessNs)] where ns < 0 {
      throw StreamDefinitionError("the \(what) is \(ns) ns; it cannot be less than nothing")
    }
    return checked
  }

  private mutating func settleElementTime() throws {
    if isInElements(timePath) {
      if let elementTimePath, !elementTimePath.isPath(timePath) {
        throw StreamDefinitionError(
          "the time \(timePath.debugDescription) lies in the exploded array, so it is an element's; "
            + "\(elementTimePath.debugDescription) cannot be that as well: name one of them")
      }
      elementTimePath = timePath
    }
    guard let elementTimePath else { return }
    guard let explodePath else {
      throw StreamDefinitionError(
        "\(elementTimePath.debugDescription) cannot be the time of elements: no array explodes; "
          + "name the array as well")
    }
    if !isInElements(elementTimePath) {
      throw StreamDefinitionError(
        "\(elementTimePath.debugDescription) cannot be the time of elements: it does not lie in "
          + "the exploded array \(explodePath.debugDescription)")
    }
  }

  private func checkIds() throws {
    guard idPaths.count <= Self.maxIdPaths else {
      throw StreamDefinitionError(
        "a dedup id has \(Self.maxIdPaths) fields at most, this one \(idPaths.count)")
    }
    for (index, path) in idPaths.enumerated() {
      if path.isPath(timePath) { throw DedupByTimeError(path: path) }
      if isInElements(path) {
        throw StreamDefinitionError(
          "\(path.debugDescription) cannot be the dedup id: it lies in the exploded array, and an "
            + "id tells events apart; name a field of the event, or none")
      }
      if idPaths[..<index].contains(where: { $0.isPath(path) }) {
        throw StreamDefinitionError("the dedup id has \(path.debugDescription) twice")
      }
    }
  }
}
