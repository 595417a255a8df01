import Bytes

/// A source of a stream.
struct SourceKey: Hashable {
  let streamId: UInt32
  /// Its name, which is bytes as any text of users.
  let text: Text
  var name: String { text.string }

  init(streamId: UInt32, name: String) { (self.streamId, text) = (streamId, Text(name)) }
}
