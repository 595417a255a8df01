import Configuration
import Foundation
import Language
import SystemPackage
import Yams

/// The settings of a server as flags, the environment and a file give them, in this order, and where each came from.
public struct ServerConfiguration: Sendable {
  /// A setting, its text and what gave it: `--listen`, `NILO_LISTEN`, `nilo.yaml` or `default`.
  public struct Entry: Sendable {
    public var setting: Setting
    public var text: String
    public var origin: String
  }

  /// In the order of ``Setting/all``.
  public private(set) var entries: [Entry] = []
  public private(set) var settings = ServerSettings()

  /// `flags` are texts by setting; `environment` is that of the process. Throws ``ConfigurationError``, which names all
  /// that is wrong.
  public init(
    flags: [String: String], environment: [String: String], file: String?
  ) async throws {
    var faults: [String] = []
    var providers: [(origin: @Sendable (Setting) -> String, provider: any ConfigProvider)] = [
      (
        { "--set \($0.key)" },
        InMemoryProvider(
          values: Dictionary(
            uniqueKeysWithValues: flags.map {
              (
                AbsoluteConfigKey($0.key.split(separator: ".").map(String.init)),
                .init(stringLiteral: $0.value)
              )
            }))
      ),
      (
        \.variable,
        EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "nilo")
      ),
    ]
    if let file {
      faults += try Self.unknownKeys(of: file)
      do {
        let provider = try await FileProvider<YAMLSnapshot>(filePath: FilePath(file))
        providers.append(({ _ in file }, provider))
      } catch {
        throw ConfigurationError(faults: ["\(file) is no configuration: \(error)"])
      }
    }
    for setting in Setting.all {
      let key = AbsoluteConfigKey(setting.key.split(separator: ".").map(String.init))
      var entry = Entry(setting: setting, text: setting.defaultText, origin: "default")
      for (origin, provider) in providers {
        guard let text = Self.text(of: key, in: provider) else { continue }
        entry.text = text
        entry.origin = origin(setting)
        break
      }
      do {
        try setting.set(&settings, entry.text)
      } catch let refusal as Setting.Refusal {
        faults.append(
          "\(setting.key) is \(entry.text) (\(entry.origin)); it is \(refusal.expected)")
      }
      entries.append(entry)
    }
    if !faults.isEmpty { throw ConfigurationError(faults: faults) }
    settings.text = entries.map { "\($0.setting.key): \($0.text)\n" }.joined()
  }

  private static func text(of key: AbsoluteConfigKey, in provider: any ConfigProvider) -> String? {
    guard case .string(let text)? = try? provider.value(forKey: key, type: .string).value?.content
    else { return nil }
    return text
  }

  /// What is wrong with the names in a file: a setting that is misspelt would have no effect.
  private static func unknownKeys(of file: String) throws -> [String] {
    let text: String
    do { text = try String(contentsOfFile: file, encoding: .utf8) } catch {
      throw ConfigurationError(faults: ["\(file) cannot be read: \(error.localizedDescription)"])
    }
    let root: Any?
    do { root = try Yams.load(yaml: text) } catch {
      throw ConfigurationError(faults: ["\(file) is no YAML: \(error)"])
    }
    let known = Setting.all.map(\.key)
    return keys(of: root, "").filter { !known.contains($0) }.sorted().map { key in
      let hint = Spelling.nearest(key, known).map { "; is it \($0)?" } ?? ""
      return "\(file): there is no setting \(key)\(hint)"
    }
  }

  /// The dotted paths of all scalars and lists.
  private static func keys(of value: Any?, _ prefix: String) -> [String] {
    guard let mapping = value as? [AnyHashable: Any] else { return prefix.isEmpty ? [] : [prefix] }
    return mapping.flatMap { name, value in
      keys(of: value, prefix.isEmpty ? "\(name)" : "\(prefix).\(name)")
    }
  }
}

/// What is wrong with a configuration.
public struct ConfigurationError: Error, CustomStringConvertible {
  /// Each with the setting, what it is, and what it can be.
  public var faults: [String]
  public var description: String { faults.joined(separator: "\n") }
}
