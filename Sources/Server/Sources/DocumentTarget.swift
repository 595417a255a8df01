import Language
import Store

/// Which stream a document of a source goes to, as INTO says.
struct DocumentTarget: Sendable {
  private let target: SourceTarget
  /// The stream that the ledger has documents under which name none.
  let stray: String

  init(_ definition: DefineSource) {
    target = definition.target
    stray = Self.legal(definition.name.text)
  }

  /// The stream that all documents go to; nil when there may be several.
  var onlyStream: String? { if case .stream(let name) = target { name.text } else { nil } }

  /// Whether documents of a measurement go to a stream of its name.
  var isByField: Bool { if case .field = target { true } else { false } }

  /// Whether documents of a topic go to a stream of its name.
  var isByTopic: Bool { if case .topic = target { true } else { false } }

  /// Nil for a document that names no stream. `topic` is where it has come from.
  func stream(of document: [UInt8], topic: String = "") -> String? {
    switch target {
    case .stream(let name): name.text
    case .topic: Self.legal(topic)
    case .field(let field): Store.text(ofField: field.path.string, in: document).map(Self.legal)
    }
  }

  /// Why a document is refused that names none: it may be no document at all.
  func strayReason(of document: [UInt8]) -> String {
    Store.fault(of: document)
      ?? "it has no field \(target.canonicalText.dropFirst(6)) that names a stream"
  }

  /// As measurements of InfluxDB are named.
  private static func legal(_ name: String) -> String {
    ServerSettings.InfluxStream.measurement.name(of: Array(name.utf8)[...], in: "")
  }
}
