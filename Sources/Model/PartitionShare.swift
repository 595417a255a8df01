/// Which partitions of each topic a source reads, where several stores share them.
public enum PartitionShare: Sendable, Equatable {
  case all
  case numbers([Int32])
  /// Of `count` nodes that is number `node`, from 1: of each topic every so many-th partition.
  case node(Int, of: Int)

  /// What ``init(_:)`` takes.
  public static let forms = "one of 'all', '0,1,5' and 'node 2 of 3'"

  /// `all`, `0,1,5` or `node 2 of 3`; nil for anything else.
  public init?(_ text: String) {
    let words = text.split(separator: " ")
    if words == ["all"] {
      self = .all
    } else if words.count == 4, words[0] == "node", words[2] == "of" {
      guard let node = Int(words[1]), let count = Int(words[3]), count >= 1, 1...count ~= node
      else { return nil }
      self = .node(node, of: count)
    } else {
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map {
        Int32($0.drop { $0 == " " })
      }
      let known = numbers.compactMap(\.self)
      guard known.count == numbers.count, known.allSatisfy({ $0 >= 0 }) else { return nil }
      self = .numbers(known)
    }
  }

  /// Whether a partition is among them, by its number from 0. O(numbers).
  public func contains(_ number: Int32) -> Bool {
    switch self {
    case .all: true
    case .numbers(let numbers): numbers.contains(number)
    case .node(let node, let count): Int(number) % count == node - 1
    }
  }
}
