import Foundation
import SystemPackage

/// Why a file could not be read or written, as the end of a sentence: what Foundation says of it names its own codes.
public enum FileReason {
  /// `error` is what reading or writing it has thrown.
  public static func of(_ error: any Error) -> String {
    switch CocoaError.Code(rawValue: (error as NSError).code) {
    case .fileReadNoSuchFile, .fileNoSuchFile: "there is no such file"
    case .fileReadNoPermission, .fileWriteNoPermission: "permission denied"
    case .fileWriteOutOfSpace: "there is no space left on the disk"
    case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: "it is no text of UTF-8"
    case .fileReadUnknown where isDirectory(error): "it is a directory"
    default: ofSystem(error as NSError) ?? error.localizedDescription
    }
  }

  /// What the system says, of an error of its own or below another.
  private static func ofSystem(_ error: NSError) -> String? {
    if error.domain == NSPOSIXErrorDomain { return Errno(rawValue: Int32(error.code)).description }
    return (error.userInfo[NSUnderlyingErrorKey] as? NSError).flatMap(ofSystem)
  }

  private static func isDirectory(_ error: any Error) -> Bool {
    guard let path = (error as NSError).userInfo[NSFilePathErrorKey] as? String else {
      return false
    }
    let values = try? FileManager.default.attributesOfItem(atPath: path)
    return values?[.type] as? FileAttributeType == .typeDirectory
  }
}
