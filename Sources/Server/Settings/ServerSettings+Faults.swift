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

  /// What is wrong with the directory that schedules write to: it is made when it is not there, if it can be.
  var faultOfOutputsDirectory: String? {
    if outputsDirectory.isEmpty { return nil }
    let files = FileManager.default
    var place = URL(fileURLWithPath: outputsDirectory).standardizedFileURL
    while !files.fileExists(atPath: place.path), place.path != "/" {
      place.deleteLastPathComponent()
    }
    var isDirectory: ObjCBool = false
    _ = files.fileExists(atPath: place.path, isDirectory: &isDirectory)
    if !isDirectory.boolValue {
      return "outputs.directory is \(outputsDirectory), and \(place.path) is no directory"
    }
    if !files.isWritableFile(atPath: place.path) {
      return "outputs.directory is \(outputsDirectory), and \(place.path) may not be written"
    }
    return nil
  }
}
