import Foundation
import Testing

/// What a service manager is told, at a real socket that a program of Python listens at.
@Suite struct NotifyTests {
  /// Binds a socket of datagrams, and prints each with whether the server answers right then.
  private static let listener = """
    import socket, sys, urllib.request, re
    name, log = sys.argv[1], sys.argv[2]
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("\\0" + name[1:] if name[0] == "@" else name)
    print("bound", flush=True)
    while True:
        text = s.recv(4096).decode()
        answers = ""
        if text == "READY=1":
            url = re.search(r"http://127[.]0[.]0[.]1:[0-9]+", open(log).read())[0]
            answers = " " + str(urllib.request.urlopen(url + "/-/ready").status)
        print(text + answers, flush=True)
    """

  @Test(arguments: ["socket", "@nilo-\(UUID().uuidString)"])
  func systemdIsTold(_ name: String) throws {
    let served = try ServedStore()
    #expect(served.end() == 0)
    let socket = name.hasPrefix("@") ? name : served.path(name)
    let python = Process()
    let output = served.path("told")
    _ = FileManager.default.createFile(atPath: output, contents: nil)
    python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    python.arguments = ["python3", "-c", Self.listener, socket, served.path("log")]
    python.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    try python.run()
    defer { kill(python.processIdentifier, SIGKILL) }
    var text = ""
    func wait(for wanted: String) throws {
      let deadline = Date(timeIntervalSinceNow: 60)
      while !text.contains(wanted) {
        try #require(python.isRunning && Date() < deadline, "\(wanted) did not come after: \(text)")
        usleep(5_000)
        text = try String(contentsOfFile: output, encoding: .utf8)
      }
    }
    try wait(for: "bound\n")
    served.environment = ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "100000"]
    try served.start()
    try wait(for: "READY=1 200\n")
    try wait(for: "WATCHDOG=1\n")
    #expect(served.end() == 0)
    try wait(for: "STOPPING=1\n")
    #expect(text.components(separatedBy: "READY=1").count == 2)
    #expect(text.components(separatedBy: "STOPPING=1").count == 2)
  }

  /// Nobody who does not want it is told that the program is alive, and one that cannot be told does not stop it.
  @Test func othersAreNotTold() throws {
    let served = try ServedStore(
      environment: [
        "NOTIFY_SOCKET": "/nowhere/socket", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1",
      ])
    #expect(try served.get("/-/healthy").status == 200)
    #expect(served.end() == 0)
    #expect(served.log.contains("NOTIFY_SOCKET /nowhere/socket cannot be told READY=1"))
    #expect(!served.log.contains("WATCHDOG"))
  }
}
