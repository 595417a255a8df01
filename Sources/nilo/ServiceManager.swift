/// Whoever has started the program and wants to know when it is ready, as systemd does for units of Type=notify: it listens at
/// a Unix socket for texts such as `READY=1` (sd_notify(3)).
struct ServiceManager: Sendable {
  private let socket: String
  /// How often it wants to hear that the program is alive, twice as often as it would otherwise be killed; nil for never.
  let watchdogInterval: Duration?

  /// Nil when nobody wants to know. A process that the program starts is not asked, though it has the same environment.
  init?() {
    guard let socket = environment("NOTIFY_SOCKET"), !socket.isEmpty else { return nil }
    self.socket = socket
    let isOurs = environment("WATCHDOG_PID").map { $0 == "\(processId())" } ?? true
    watchdogInterval = environment("WATCHDOG_USEC").flatMap { Int64($0) }
      .flatMap { isOurs && $0 > 1 ? .microseconds($0 / 2) : nil }
  }

  /// What cannot be told is said on standard error: the program goes on, whoever watches over it.
  func tell(_ text: String) {
    if let fault = sendDatagram(Array(text.utf8), toUnixSocket: socket) {
      printNote("NOTIFY_SOCKET \(socket) cannot be told \(text): \(fault)")
    }
  }
}
