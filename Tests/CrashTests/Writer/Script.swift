import Foundation
import Model
import Store

/// What is to be appended: a line `# stream` begins a batch, each line after it is a document.
struct ScriptBatch {
  var stream: String
  var batch: DocumentBatch
}

func readScript(_ path: String) throws -> [ScriptBatch] {
  var script: [ScriptBatch] = []
  var batches: [String: Int64] = [:]
  for line in try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: UInt8(ascii: "\n"))
  {
    if line.starts(with: "# ".utf8) {
      let stream = String(decoding: line.dropFirst(2), as: UTF8.self)
      batches[stream, default: 0] += 1
      let empty = DocumentBatch(bytes: [], documents: [], endPosition: batches[stream]!)
      script.append(ScriptBatch(stream: stream, batch: empty))
    } else {
      let last = script.count - 1
      let start = script[last].batch.bytes.count
      script[last].batch.bytes += line
      script[last].batch.documents.append(
        DocumentRange(
          start: UInt32(start), byteCount: UInt32(line.count),
          position: Int64(script[last].batch.documents.count)))
    }
  }
  return script
}

/// Appends batch after batch, and says of each what became of it. A batch that fails is tried again.
func appendScript(_ path: String, to directory: String, from first: Int, attempts: Int) throws {
  let script = try readScript(path)
  let store = try Store(directory: directory)
  for (index, item) in script.enumerated().dropFirst(first) {
    for attempt in 1...attempts {
      do {
        let result = try store.append(item.batch, to: item.stream, source: "script")
        say(
          "ack \(index) \(result.accepted) \(result.duplicates.count) \(result.rejected.count) "
            + "\(result.lastSeq ?? 0)")
        break
      } catch {
        say("error \(index) \(error)")
        if attempt == attempts { exit(1) }
      }
    }
  }
  store.close()
  say("done")
}

/// Appends all batches, which are of one stream, by the pipeline.
func ingestScript(_ path: String, to directory: String) throws {
  let script = try readScript(path)
  let store = try Store(directory: directory)
  defer { store.close() }
  var rest = script[...]
  let summary = try store.ingest(into: script[0].stream, source: "script") {
    guard let item = rest.popFirst() else { return nil }
    return { item.batch }
  }
  say("done \(summary.accepted)")
}

/// Reads the events of a stream anew, whose times are among its values from then on.
func alter(_ directory: String) throws {
  let store = try Store(directory: directory)
  defer { store.close() }
  let altered = try store.alterStream("alpha") { $0.timePath = "value" }
  say("done \(altered.version)")
}

/// Merges what there is to merge.
func compact(_ directory: String) throws {
  let store = try Store(directory: directory)
  defer { store.close() }
  let report = try store.compact()
  say("done \(report.blocksBefore) \(report.blocksAfter)")
}
