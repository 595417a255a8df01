import Foundation

/// Base64 of RFC 4648 in its one form: a text that decodes to the same bytes and is written otherwise is none, so that no bit of a
/// note can change and the note stays good.
enum Base64 {
  static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    guard let data = Data(base64Encoded: String(text)), data.base64EncodedString() == text else {
      return nil
    }
    return Array(data)
  }
}
