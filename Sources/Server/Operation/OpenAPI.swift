import Foundation
import Yams

/// The description of what the server answers: `openapi.yaml` beside this file, which the build puts into the program.
enum OpenAPI {
  static var yaml: String { String(decoding: PackageResources.openapi_yaml, as: UTF8.self) }

  /// The same as JSON, made when it is asked for first.
  static let json: [UInt8] = {
    do {
      let tree = plain(try Yams.load(yaml: yaml) as Any)
      return Array(
        try JSONSerialization.data(
          withJSONObject: tree, options: [.sortedKeys, .withoutEscapingSlashes]))
    } catch {
      preconditionFailure("openapi.yaml is no YAML: \(error)")
    }
  }()

  /// With texts as keys, as JSON has them.
  private static func plain(_ value: Any) -> Any {
    switch value {
    case let mapping as [AnyHashable: Any]:
      return Dictionary(uniqueKeysWithValues: mapping.map { ("\($0.key)", plain($0.value)) })
    case let list as [Any]: return list.map(plain)
    default: return value
    }
  }
}
