import Configuration
import Foundation
import Language
import SystemPackage
import Yams

/// The settings of a server as flags, the environment and a file give them, in this order, and where each came from.
public struct ServerConfiguration: Sendable {
  /// A setting, its text and what gave it: `--listen`, `--set limits.queries`, `NILO_LISTEN`, `nilo.yaml` or `default`.
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
    var faults = Self.misspelt(environment)
    var providers: [(origin: @Sendable (Setting) -> String, provider: any ConfigProvider)] = [
      (
        \.flag,
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
      faults += try Self.faultsOfNames(in: file)
    }
    // One of comments alone says nothing, and is no mapping either.
    if let file, try Self.hasSettings(file) {
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
        do {
          guard let text = try Self.text(of: setting, key, in: provider) else { continue }
          entry.text = text
        } catch {
          faults.append("\(setting.key) in \(origin(setting)) is \(setting.kindFault)")
        }
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

  /// Throws where there is something else than the setting takes: a single value, or also a list.
  private static func text(
    of setting: Setting, _ key: AbsoluteConfigKey, in provider: any ConfigProvider
  ) throws -> String? {
    if setting.isList,
      case .stringArray(let texts)? =
        try? provider.value(forKey: key, type: .stringArray).value?.content
    {
      return texts.joined(separator: ",")
    }
    guard case .string(let text)? = try provider.value(forKey: key, type: .string).value?.content
    else { return nil }
    return setting.isList ? Setting.items(text).joined(separator: ",") : text
  }

  /// What is wrong with the names of variables. One is taken for a setting when it is nearly one's, or begins as a group of
  /// settings does; the others that begin with `NILO_` may be anybody's: Kubernetes, for one, makes `NILO_SERVICE_HOST`
  /// of a service that is called nilo.
  private static func misspelt(_ environment: [String: String]) -> [String] {
    let known = Setting.all.map { String($0.variable.dropFirst(Setting.variablePrefix.count)) }
    let groups = Set(
      Setting.all.filter { $0.key.contains(".") }
        .map { $0.key.prefix { $0 != "." }.uppercased() + "_" })
    return environment.keys.filter { $0.hasPrefix(Setting.variablePrefix) }.sorted().compactMap {
      variable in
      let name = String(variable.dropFirst(Setting.variablePrefix.count))
      if known.contains(name) { return nil }
      let nearest = Spelling.nearest(name, known)
      guard nearest != nil || groups.contains(where: { name.hasPrefix($0) }) else { return nil }
      let hint = nearest.map { "; is it \(Setting.variablePrefix)\($0)?" } ?? ""
      return "the environment has \(variable), which is no setting\(hint)"
    }
  }

  private static func hasSettings(_ file: String) throws -> Bool {
    try Yams.load(yaml: String(contentsOfFile: file, encoding: .utf8)) != nil
  }

  /// What is wrong with the names in a file: a setting that is misspelt would have no effect, and neither would one that
  /// has settings of its own.
  private static func faultsOfNames(in file: String) throws -> [String] {
    let text: String
    do { text = try String(contentsOfFile: file, encoding: .utf8) } catch {
      throw ConfigurationError(faults: ["\(file) cannot be read: \(FileReason.of(error))"])
    }
    let root: Any?
    do { root = try Yams.load(yaml: text) } catch {
      throw ConfigurationError(faults: ["\(file) is no YAML: \(error)"])
    }
    let found = entries(of: root, "").sorted { $0.key < $1.key }
    let twice = zip(found, found.dropFirst()).filter { $0.key == $1.key }.map {
      "\(file) has \($0.0.key) twice, with its dots and within a mapping; leave one out"
    }
    return twice
      + found.compactMap { key, value in
        if let setting = Setting.all.first(where: { $0.key == key }) {
          // What reads the file takes a mapping of nothing for nothing at all, and the word null for a text.
          if value is [AnyHashable: Any] { return "\(key) in \(file) is \(setting.kindFault)" }
          guard value is NSNull else { return nil }
          return "\(key) in \(file) has no value; leave it out, or write \"\" for an empty text"
        }
        let hint = Setting.nearest(key).map { "; is it \($0)?" } ?? ""
        return "\(file): there is no setting \(key)\(hint)"
      }
  }

  /// The dotted paths of all scalars, lists and empty mappings, and these.
  private static func entries(of value: Any?, _ prefix: String) -> [(key: String, value: Any?)] {
    guard let mapping = value as? [AnyHashable: Any], !mapping.isEmpty || prefix.isEmpty else {
      return prefix.isEmpty ? [] : [(prefix, value)]
    }
    return mapping.flatMap { name, value in
      entries(of: value, prefix.isEmpty ? "\(name)" : "\(prefix).\(name)")
    }
  }
}

/// What is wrong with a configuration.
public struct ConfigurationError: Error, CustomStringConvertible {
  /// Each with the setting, what it is, and what it can be.
  public var faults: [String]
  public var description: String { faults.joined(separator: "\n") }
}
