import Glibc

/// A program that reads what this one writes.
struct ChildProcess {
  let input: Int32
  private let id: pid_t

  /// Starts `/bin/sh -c command` in the same process group, with the usual signals.
  init(shell command: String) throws {
    let pipe = try Descriptor.pipe()
    defer { Descriptor.close(pipe.reading) }
    var actions = unsafe posix_spawn_file_actions_t()
    _ = unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    _ = unsafe posix_spawn_file_actions_adddup2(&actions, pipe.reading, 0)
    var attributes = posix_spawnattr_t()
    _ = unsafe posix_spawnattr_init(&attributes)
    defer { _ = unsafe posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    _ = unsafe sigemptyset(&defaults)
    for number in [SIGINT, SIGQUIT, SIGPIPE, SIGTSTP] { _ = unsafe sigaddset(&defaults, number) }
    _ = unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    _ = unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [
      strdup("sh"), strdup("-c"), strdup(command), nil,
    ]
    defer { for index in 0..<3 { unsafe free(arguments[index]) } }
    var id: pid_t = 0
    let code = unsafe posix_spawn(&id, "/bin/sh", &actions, &attributes, &arguments, environ)
    if code != 0 {
      Descriptor.close(pipe.writing)
      throw TerminalError("/bin/sh cannot be run", code: code)
    }
    (self.id, input) = (id, pipe.writing)
  }

  /// Ends the input and waits. The exit status; 128 and the signal if one killed it.
  func finish() -> Int32 {
    Descriptor.close(input)
    var status: Int32 = 0
    while unsafe waitpid(id, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }
}
