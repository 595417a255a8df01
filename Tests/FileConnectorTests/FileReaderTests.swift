import Foundation
import Testing

@testable import FileConnector

@Suite struct FileReaderTests {
  @Test(
    arguments: [
      ("a.json", FileFormat.json), ("a.csv", .csv), ("a.ndjson", .ndjson), ("a.jsonl", .ndjson),
      ("a.log", .ndjson), ("a", .ndjson), ("-", .ndjson), ("/d.csv/a", .ndjson),
      ("a.json.gz", .json), ("A.CSV.ZST", .csv), ("a.gz", .ndjson), ("a.csv.gz.zst", .csv),
    ])
  func formatByName(name: String, format: FileFormat) {
    #expect(FileFormat(fileName: name) == format)
  }

  @Test func theFormatOfTheNameIsUsed() throws {
    let file = try TemporaryFile(gzip(Array("a\n1\n".utf8)), name: "x.csv.gz")
    var reader = try FileReader(path: file.path, format: nil)
    #expect(reader.format == .csv)
    var reading = Reading()
    reading.addAll(of: &reader)
    #expect(reading.texts == [#"{"a":1}"#])
  }

  @Test func theSourceNameIsTheAbsolutePath() throws {
    let file = try TemporaryFile("1\n")
    let link = file.path + ".link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file.path)
    defer { try? FileManager.default.removeItem(atPath: link) }
    let direct = try FileReader(path: file.path, format: nil)
    let linked = try FileReader(path: link, format: nil)
    #expect(direct.sourceName.hasPrefix("/"))
    #expect(linked.sourceName == direct.sourceName)
  }

  @Test func nothingToOpen() {
    #expect(
      openError("/no/such/file.ndjson")?.description
        == "/no/such/file.ndjson: cannot be opened: No such file or directory; check the path")
  }

  @Test func aDirectory() {
    #expect(
      openError("/tmp")?.description == "/tmp: is a directory, not a file; name the files in it")
  }

  @Test func errorTexts() throws {
    let file = try TemporaryFile(Array(gzip(Array("1\n".utf8)).dropLast(3)))
    var reader = try FileReader(path: file.path, format: nil)
    var reading = Reading()
    reading.addAll(of: &reader)
    #expect(
      reading.error?.description
        == "\(file.path): the gzip data ends early at byte 19; "
        + "copy the whole file and ingest it again; nothing of it is kept, as no checksum vouches "
        + "for it")
    let table = try TemporaryFile("a,a\n")
    var tableReader = try FileReader(path: table.path, format: .csv)
    reading.addAll(of: &tableReader)
    #expect(
      reading.error?.description
        == "\(table.path): the header names the field \"a\" twice; "
        + "make the first line of the CSV file its field names, each once")
  }

  private func openError(_ path: String) -> FileError? {
    do throws(FileError) {
      _ = try FileReader(path: path, format: nil)
      return nil
    } catch {
      return error
    }
  }
}
