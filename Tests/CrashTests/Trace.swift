import Foundation

/// The system calls by which `crash-writer` changes a store and says so, as strace saw them.
struct Trace {
  enum Call {
    case write(isSynchronous: Bool, offset: Int, bytes: [UInt8])
    case sync
    /// The data file got its name; before, no one looks at it.
    case named
    /// `crash-writer` said that so many batches are durable.
    case acknowledged(Int)
  }

  /// Those that the data file's contents depend on.
  static let calls = [
    "pwrite64", "pwritev", "pwritev2", "write", "writev", "fdatasync", "fsync", "msync", "rename",
    "fallocate",
  ]

  /// How often a thread made each call at most: strace counts for each thread on its own.
  static func counts(_ log: String) -> [String: Int] {
    var counts: [String: [Substring: Int]] = [:]
    for line in wholeCalls(log) {
      guard let name = Line(line)?.name, calls.contains(name) else { continue }
      counts[name, default: [:]][line.prefix { $0.isNumber }, default: 0] += 1
    }
    return counts.mapValues { $0.values.max() ?? 0 }
  }

  private(set) var events: [Call] = []

  /// Reads a log made with `-f -y -x -v -s` and a size that cuts nothing off.
  init(_ log: String, dataFile: String) throws {
    let newFile = "\(dataFile).new"
    var synchronous: Set<String> = []
    var positions: [String: Int] = [:]
    for text in Self.wholeCalls(log) {
      guard let line = Line(text) else { continue }
      let isData = line.file.hasSuffix(dataFile) || line.file.hasSuffix(newFile)
      switch line.name {
      case "openat" where line.result.contains(dataFile):
        let descriptor = String(line.result.prefix { $0 != "<" })
        if line.arguments.contains("O_DSYNC") || line.arguments.contains("O_SYNC") {
          synchronous.insert(descriptor)
        } else {
          synchronous.remove(descriptor)
        }
      case "lseek" where isData: positions[line.descriptor] = Int(line.result.prefix { $0 != " " })
      case "pwrite64" where isData:
        let bytes = try line.strings().first ?? []
        let numbers = line.arguments.split(separator: ", ")
        let offset = Int(numbers.last?.trimmingCharacters(in: .whitespaces) ?? "")
        events.append(
          .write(
            isSynchronous: synchronous.contains(line.descriptor), offset: try found(offset, text),
            bytes: bytes))
      case "writev" where isData:
        let offset = try found(positions[line.descriptor], text)
        let bytes = try line.strings().reduce([], +)
        positions[line.descriptor] = offset + bytes.count
        events.append(
          .write(
            isSynchronous: synchronous.contains(line.descriptor), offset: offset, bytes: bytes))
      case "rename" where line.arguments.contains(newFile): events.append(.named)
      case "fdatasync" where isData, "fsync" where isData: events.append(.sync)
      case "write" where line.descriptor == "1":
        for said in String(decoding: try line.strings().first ?? [], as: UTF8.self)
          .split(separator: "\n") where said.hasPrefix("ack ")
        {
          events.append(.acknowledged(Int(said.split(separator: " ")[1])! + 1))
        }
      case "write" where isData, "pwritev" where isData, "pwritev2" where isData, "msync":
        throw Mismatch(description: "this test does not know of \(text.prefix(200))")
      default: break
      }
    }
  }

  /// The lines of a log. A call that strace shows in two parts, since one of another thread came between, stands where it
  /// ended.
  private static func wholeCalls(_ log: String) -> [Substring] {
    let (cut, resumed) = ("<unfinished ...>", " resumed>")
    var begun: [Substring: Substring] = [:]
    return log.split(separator: "\n").compactMap { text in
      let thread = text.prefix { $0.isNumber }
      if text.hasSuffix(cut) {
        begun[thread] = text.dropLast(cut.count)
        return nil
      }
      guard text.dropFirst(thread.count).drop(while: { $0 == " " }).hasPrefix("<... "),
        let end = text.range(of: resumed), let start = begun.removeValue(forKey: thread)
      else { return text }
      return Substring(String(start) + text[end.upperBound...])
    }
  }

  private func found<T>(_ value: T?, _ line: Substring) throws -> T {
    guard let value else { throw Mismatch(description: "unreadable: \(line.prefix(200))") }
    return value
  }
}

/// `PID NAME(FD<FILE>, ARGUMENTS) = RESULT`
private struct Line {
  var name: String
  var descriptor: String
  var file: String
  var arguments: Substring
  var result: Substring

  init?(_ text: Substring) {
    let call = text.drop { $0.isNumber }.drop { $0 == " " }
    guard let open = call.firstIndex(of: "("), let end = call.range(of: ") ", options: .backwards),
      let equal = call[end.lowerBound...].firstIndex(of: "=")
    else { return nil }
    name = String(call[..<open])
    arguments = call[call.index(after: open)..<end.lowerBound]
    descriptor = String(arguments.prefix { $0.isNumber })
    let rest = arguments.dropFirst(descriptor.count)
    file = rest.first == "<" ? String(rest.dropFirst().prefix { $0 != ">" }) : ""
    result = call[call.index(after: equal)...].drop { $0 == " " }
  }

  /// The strings among the arguments, their escapes resolved.
  func strings() throws -> [[UInt8]] {
    let bytes = Array(arguments.utf8)
    var strings: [[UInt8]] = []
    var index = 0
    while index < bytes.count {
      defer { index += 1 }
      guard bytes[index] == UInt8(ascii: "\"") else { continue }
      var string: [UInt8] = []
      index += 1
      while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
        index = Self.unescape(bytes, index, into: &string)
      }
      guard index + 1 >= bytes.count || bytes[index + 1] != UInt8(ascii: ".") else {
        throw Mismatch(description: "strace cut a string off")
      }
      strings.append(string)
    }
    return strings
  }

  /// Reads one character of a C string; gives the index after it.
  private static func unescape(_ bytes: [UInt8], _ start: Int, into string: inout [UInt8]) -> Int {
    guard bytes[start] == UInt8(ascii: "\\") else {
      string.append(bytes[start])
      return start + 1
    }
    let code = bytes[start + 1]
    switch code {
    case UInt8(ascii: "x"):
      string.append(hexDigit(bytes[start + 2]) << 4 | hexDigit(bytes[start + 3]))
      return start + 4
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      var value: UInt8 = 0
      var index = start + 1
      while index < start + 4, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(bytes[index]) {
        value = value << 3 | (bytes[index] - UInt8(ascii: "0"))
        index += 1
      }
      string.append(value)
      return index
    default:
      let plain: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13, UInt8(ascii: "v"): 11,
        UInt8(ascii: "f"): 12, UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8,
      ]
      string.append(plain[code] ?? code)
      return start + 2
    }
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "a") ? byte - UInt8(ascii: "a") + 10 : byte - UInt8(ascii: "0")
  }
}
