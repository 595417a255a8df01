import Foundation
import Terminal

extension History {
  /// The history that all runs share: `nilo/history` where the user's state is kept.
  static func ofUser() -> History {
    guard let directory = stateDirectory else { return History() }
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      printNote("the history is not kept: \(directory) cannot be made")
      return History()
    }
    return History(path: "\(directory)/history")
  }

  /// By the XDG base directory specification, which has relative paths ignored.
  private static var stateDirectory: String? {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return "\(state)/nilo" }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return "\(home)/.local/state/nilo"
  }
}
