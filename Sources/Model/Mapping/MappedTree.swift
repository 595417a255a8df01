import Bytes

/// A document of which parts are moved, taken out and put in. What nobody touches keeps its bytes.
struct MappedTree {
  private indirect enum Node {
    /// As it stands in the text.
    case asItCame(Range<Int>)
    case object([Member])
    case new([UInt8])
  }

  private struct Member {
    var name: Text
    var value: Node
  }

  private let text: [UInt8]
  private var root: Node

  /// Of the value at a place of a text, which is an object. Throws ``MappingFault``.
  init(_ text: [UInt8], _ place: Range<Int>) throws(MappingFault) {
    self.text = text
    root = .asItCame(place)
    guard try members(of: root) != nil else {
      throw MappingFault("only an object can be mapped, and it is none")
    }
  }

  /// Moves the value at one path to another; nothing when there is none. What stands in an array is copied. Members of one name
  /// are moved together, and stay in their order: the one that counts is the same.
  mutating func move(_ path: [String], to target: [String]) throws(MappingFault) {
    let values = try take(path[...], out: &root)
    if !values.isEmpty { try put(values, at: target[...], in: &root) }
  }

  /// Puts a value of JSON at a path, in the place of what is there.
  mutating func put(_ value: [UInt8], at path: [String]) throws(MappingFault) {
    try put([.new(value)], at: path[...], in: &root)
  }

  /// The whole document. O(bytes).
  func render() -> [UInt8] {
    var bytes: [UInt8] = []
    render(root, to: &bytes)
    return bytes
  }

  private func members(of node: Node) throws(MappingFault) -> [Member]? {
    switch node {
    case .object(let members): return members
    case .new: return nil
    case .asItCame(let place):
      let members = try MappingFault.reading { () throws(JSONReadError) in
        try JSONPlaces.members(in: text, place)
      }
      return members?.map { Member(name: $0.name, value: .asItCame($0.place)) }
    }
  }

  private func take(
    _ path: ArraySlice<String>, out node: inout Node
  ) throws(MappingFault) -> [Node] {
    guard let level = path.first.map({ Text($0) }) else { return [node] }
    guard let members = try members(of: node) else {
      return try copy(path, of: node).map { [$0] } ?? []
    }
    var (taken, left): ([Node], [Member]) = ([], [])
    for var member in members {
      if member.name != level {
        left.append(member)
        continue
      }
      if path.count == 1 {
        taken.append(member.value)
        continue
      }
      let found = try take(path.dropFirst(), out: &member.value)
      taken += found
      // What has nothing left goes, too.
      if !found.isEmpty, case .object(let rest) = member.value, rest.isEmpty { continue }
      left.append(member)
    }
    if !taken.isEmpty { node = .object(left) }
    return taken
  }

  private func copy(_ path: ArraySlice<String>, of node: Node) throws(MappingFault) -> Node? {
    guard case .asItCame(let place) = node else { return nil }
    let found = try MappingFault.reading { () throws(JSONReadError) in
      try JSONPlaces.place(of: Array(path), in: text, within: place)
    }
    return found.map { .asItCame($0) }
  }

  private func put(
    _ values: [Node], at path: ArraySlice<String>, in node: inout Node
  ) throws(MappingFault) {
    guard let level = path.first.map({ Text($0) }) else { return }
    // What is no object makes room for one.
    var members = try members(of: node) ?? []
    if path.count == 1 {
      members.removeAll { $0.name == level }
      members += values.map { Member(name: level, value: $0) }
    } else if let index = members.firstIndex(where: { $0.name == level }) {
      try put(values, at: path.dropFirst(), in: &members[index].value)
    } else {
      var inner = Node.object([])
      try put(values, at: path.dropFirst(), in: &inner)
      members.append(Member(name: level, value: inner))
    }
    node = .object(members)
  }

  private func render(_ node: Node, to bytes: inout [UInt8]) {
    switch node {
    case .asItCame(let place): bytes += text[place]
    case .new(let value): bytes += value
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (number, member) in members.enumerated() {
        if number > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(jsonString: member.name.string)
        bytes.append(UInt8(ascii: ":"))
        render(member.value, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }
}
