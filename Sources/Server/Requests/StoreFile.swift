import Foundation
import Synchronization

/// The file of the store that is served. Somebody may take it away while the server has it open: then commits would go on into a
/// file that nobody finds any more.
final class StoreFile: Sendable {
  private let path: String
  private let inode: Int?
  private let looked: Mutex<(at: ContinuousClock.Instant, isThere: Bool)>

  /// It is looked at so often at most.
  private static let lookInterval = Duration.milliseconds(100)

  /// As it is now, when the store has just been opened.
  init(directory: String) {
    path = "\(directory)/data.mdb"
    inode = Self.inode(path)
    looked = Mutex((.now, true))
  }

  /// Whether it was where it has to be, a tenth of a second ago or later.
  var isThere: Bool {
    looked.withLock { looked in
      let now = ContinuousClock.now
      if now - looked.at >= Self.lookInterval { looked = (now, Self.inode(path) == inode) }
      return looked.isThere
    }
  }

  /// Throws a ``Problem`` when it is not: nothing that is written is durable then.
  func require() throws(Problem) {
    if isThere { return }
    var problem = Problem(
      .diskFull,
      "the store's file was taken away while the server runs, so nothing would be durable; whoever runs the server has to stop "
        + "it, put the file back, and start it again")
    problem.retryAfterSeconds = 30
    problem.logged = "\(path) is not there any more, or is another file"
    throw problem
  }

  private static func inode(_ path: String) -> Int? {
    let values = try? FileManager.default.attributesOfItem(atPath: path)
    return (values?[.systemFileNumber] as? NSNumber)?.intValue
  }
}
