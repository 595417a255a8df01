import Terminal

// A program around the line editor, for the tests to drive through a pseudo-terminal. It repeats
// what is entered; texts are complete with a semicolon or when they are a command.

let words = ["SELECT", "SELF", "SET", "SHOW", "temperature", "température", "humidity"]

func highlight(_ text: String) -> [(range: Range<Int>, style: TextStyle)] {
  var offset = 0
  return text.split(separator: " ", omittingEmptySubsequences: false).compactMap { word in
    defer { offset += word.utf8.count + 1 }
    return words.contains(String(word)) ? (offset..<offset + word.utf8.count, .keyword) : nil
  }
}

func complete(_ text: String, _ cursor: Int) -> Completion {
  let before = String(decoding: text.utf8.prefix(cursor), as: UTF8.self)
  let word = before.split(separator: " ", omittingEmptySubsequences: false).last ?? ""
  let fitting = words.filter { $0.lowercased().hasPrefix(word.lowercased()) }
  return Completion(
    replaceRange: cursor - word.utf8.count..<cursor, candidates: fitting.map { .init($0) })
}

/// Runs until Ctrl-C, as a long query would.
func wait() {
  Interrupts.reset()
  print("waiting")
  let isDone = Interrupts.sleep(milliseconds: 20_000)
  print(isDone ? "waited" : "interrupted \(Interrupts.count)")
}

func page(_ lines: Int) throws {
  try Pager.page { write in
    for line in 1...max(1, lines) { try write("line \(line)\n") }
  }
  print("paged")
}

func run(_ history: History) throws {
  let reader = LineReader(
    prompt: "echo> ", continuation: "  ... ", history: history,
    hooks: LineHooks(
      highlight: highlight, complete: complete,
      isComplete: { $0.hasSuffix(";") || $0.hasPrefix("\\") }))
  while true {
    if let problem = history.takeProblem() { print("note: \(problem)") }
    switch try reader.read() {
    case .line("\\q"): return
    case .line("\\wait"): wait()
    case .line(let text) where text.hasPrefix("\\page "):
      try page(Int(text.dropFirst(6)) ?? 0)
    case .line(let text): print("got \(text.debugDescription)")
    case .interrupted: print("cancelled")
    case .endOfFile:
      print("end")
      return
    }
  }
}

do {
  let history = History(path: CommandLine.arguments.dropFirst().first, limit: 100)
  try Interrupts.catching { try run(history) }
} catch {
  print("error: \(error)")
}
