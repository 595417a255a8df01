/// What a topic of Kafka may be called, as its brokers have it.
public enum TopicName {
  /// In words, after "has".
  public static let form =
    "1 to 249 letters without accents, digits, '.', '_' and '-', and is not . or .."

  /// Whether a topic may be called so. O(bytes).
  public static func isLegal(_ name: String) -> Bool {
    1...249 ~= name.utf8.count && name != "." && name != ".."
      && name.utf8.allSatisfy { isLegal($0) }
  }

  /// The same of a pattern, in which `*` stands for anything.
  public static func isPattern(_ pattern: String) -> Bool {
    !pattern.isEmpty && pattern.utf8.allSatisfy { $0 == UInt8(ascii: "*") || isLegal($0) }
  }

  private static func isLegal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

/// Where brokers of Kafka are connected to first.
public enum BrokerList {
  /// In words.
  public static let form = "host:port, or several with commas between them"

  /// Whether there is a host in each of its parts. The port may be left out; what stands before `://` is for the client.
  public static func isLegal(_ text: String) -> Bool {
    text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty && part.first != ":" && !part.contains(where: \.isWhitespace)
    }
  }
}
