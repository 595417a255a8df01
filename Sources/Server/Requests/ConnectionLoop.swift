import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Threads

/// Handles the requests of a connection on the connection's own event loop. By itself the framework would hand each of them
/// to Swift's pool of threads and back, which costs more than most handlers do.
///
/// So a handler must not work for long between two waits: what blocks or computes has its place on a ``BlockingPool``.
struct OnConnectionLoop<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    base.setup(channel: channel, logger: logger)
  }

  func handle(value: Base.Value, logger: Logger) async {
    let loop = value.channel.eventLoop
    await withTaskExecutorPreference(CallingExecutor { loop.execute($0) }) {
      await base.handle(value: value, logger: logger)
    }
  }
}
