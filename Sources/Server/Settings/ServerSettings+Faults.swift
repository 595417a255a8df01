import Foundation

extension ServerSettings {
  /// What is wrong with settings that need each other.
  var faultsOfPairs: [String] {
    var faults: [String] = []
    func need(_ missing: String, of present: String) {
      faults.append("\(present) is set, and \(missing) is not: they go together")
    }
    switch (certificateFile.isEmpty, keyFile.isEmpty) {
    case (false, true): need("tls.key", of: "tls.certificate")
    case (true, false): need("tls.certificate", of: "tls.key")
    default: break
    }
    // Without them a token would do that the same issuer has made for something else.
    let claims = [("jwt.issuer", tokenIssuer), ("jwt.audience", tokenAudience)]
    for (key, text) in claims {
      if !keySetFile.isEmpty, text.isEmpty { need(key, of: "jwt.jwks") }
      if keySetFile.isEmpty, !text.isEmpty { need("jwt.jwks", of: key) }
    }
    return faults
  }

  /// What is wrong with the directories that are named.
  var faultsOfDirectories: [String] {
    var faults = [
      // As it is opened: the store makes a directory within one that is there.
      Self.fault(ofWritten: "data", directory, levelsMade: 1),
      // All that is missing of it is made with the first file.
      outputsDirectory.isEmpty
        ? nil : Self.fault(ofWritten: "outputs.directory", outputsDirectory, levelsMade: .max),
    ]
    if !pageDirectory.isEmpty {
      let place = Place(pageDirectory)
      if !place.isDirectory {
        faults.append(
          "page.directory is \(pageDirectory), and that is \(place.exists ? "no directory" : "not there")"
        )
      } else if !FileManager.default.isReadableFile(atPath: pageDirectory) {
        faults.append("page.directory is \(pageDirectory), and that may not be read")
      }
    }
    return faults.compactMap(\.self)
  }

  /// What is wrong with a directory that is written to, of which so many levels are made when they are not there.
  private static func fault(ofWritten key: String, _ path: String, levelsMade: Int) -> String? {
    if path.isEmpty { return "\(key) is empty; name a directory" }
    var url = URL(fileURLWithPath: path).standardizedFileURL
    var missing = 0
    while !Place(url.path).exists, url.path != "/" {
      url.deleteLastPathComponent()
      missing += 1
    }
    if !Place(url.path).isDirectory {
      return "\(key) is \(path), and \(url.path) is no directory"
    }
    if missing > levelsMade {
      let parent = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
      return "\(key) is \(path), and \(parent) is not there; make it with: mkdir -p \(parent)"
    }
    return Self.mayBeWritten(url) ? nil : "\(key) is \(path), and \(url.path) may not be written"
  }

  /// Whether there can be something new in a directory. To be sure it is tried, and taken away again: what the system says of
  /// permissions is not all that may be in the way, such as of a file system that has no files of ours.
  private static func mayBeWritten(_ directory: URL) -> Bool {
    let probe = directory.appendingPathComponent(".nilo-check-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: probe, withIntermediateDirectories: false)
      try FileManager.default.removeItem(at: probe)
    } catch {
      return false
    }
    return true
  }

  /// What is at a path.
  private struct Place {
    let exists: Bool
    let isDirectory: Bool

    init(_ path: String) {
      var directory: ObjCBool = false
      exists = FileManager.default.fileExists(atPath: path, isDirectory: &directory)
      isDirectory = exists && directory.boolValue
    }
  }
}
