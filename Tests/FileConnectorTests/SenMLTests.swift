import Foundation
import Testing

@testable import FileConnector

/// Packs of SenML (RFC 8428), resolved.
@Suite struct SenMLTests {
  private static let nowNs: Int64 = 1_717_200_000_250_000_000

  private func read(_ text: String, chunk: Int = 8 << 20) throws -> Reading {
    try FileConnectorTests.read(text, .senml, chunk: chunk)
  }

  /// The examples of the standard, sections 5.1.1 to 5.1.5.
  @Test func examplesOfTheStandard() throws {
    #expect(
      try read(#"[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","t":1.276020076e+09,"v":23.1}]"#)
        .texts
        == [#"{"n":"urn:dev:ow:10e2073a01080063","t":1.276020076e+09,"u":"Cel","v":23.1}"#])
    #expect(
      try read(
        """
        [ {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09, "bu":"A","bver":5,
           "n":"voltage","u":"V","v":120.1},
          {"n":"current","t":-5,"v":1.2}, {"n":"current","t":-4,"v":1.3} ]
        """
      ).texts == [
        #"{"n":"urn:dev:ow:10e2073a0108006:voltage","t":1.276020076001e+09,"u":"V","v":120.1}"#,
        #"{"n":"urn:dev:ow:10e2073a0108006:current","t":1276020071.001,"u":"A","v":1.2}"#,
        #"{"n":"urn:dev:ow:10e2073a0108006:current","t":1276020072.001,"u":"A","v":1.3}"#,
      ])
    #expect(
      try read(
        """
        [ {"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},
          {"u":"lon","v":24.30621}, {"t":60,"v":20.3} ]
        """
      ).texts.map { $0.replacing("urn:dev:ow:10e2073a01080063", with: "N") } == [
        #"{"n":"N","t":1.320067464e+09,"u":"%RH","v":20}"#,
        #"{"n":"N","t":1.320067464e+09,"u":"lon","v":24.30621}"#,
        #"{"n":"N","t":1320067524,"u":"%RH","v":20.3}"#,
      ])
    #expect(
      try read(
        #"[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1.7e9},{"n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"Machine Room"},{"n":"open","vb":false},{"n":"nfc","vd":"aGkgCg"}]"#
      ).texts.map { $0.replacing("urn:dev:ow:10e2073a01080063:", with: "") } == [
        #"{"n":"temp","t":1.7e9,"u":"Cel","v":23.1}"#,
        #"{"n":"label","t":1.7e9,"vs":"Machine Room"}"#,
        #"{"n":"open","t":1.7e9,"vb":false}"#, #"{"n":"nfc","t":1.7e9,"vd":"aGkgCg"}"#,
      ])
  }

  @Test func valuesSumsAndOtherFields() throws {
    let texts = try read(
      #"[{"bn":"m","bt":1e9,"bv":0.1,"bs":100},{"v":0.2,"s":1.5,"note":{"a":[1,null,true,"é"]}},{"t":1}]"#
    ).texts
    #expect(
      texts == [
        #"{"n":"m","t":1e9,"v":0.3,"s":101.5,"note":{"a":[1,null,true,"é"]}}"#,
        #"{"n":"m","t":1000000001,"v":0.1,"s":100}"#,
      ])
  }

  /// Times near zero count from now, and each pack begins anew.
  @Test func timesFromNowAndFurtherPacks() throws {
    var cutter = SenMLCutter(clock: { Self.nowNs })
    var buffer = SourceBuffer()
    buffer.bytes = Array(
      #"[{"n":"a","v":1},{"n":"a","t":-1.5,"v":2},{"bn":"x:","n":"b","t":-10,"v":3}] [{"n":"c","v":4}]{"n":"d","v":5}"#
        .utf8)
    cutter.scan(&buffer)
    cutter.finish(&buffer)
    var reading = Reading()
    reading.add(cutter.take(&buffer).documents())
    #expect(
      reading.texts == [
        #"{"n":"a","t":1717200000.25,"v":1}"#, #"{"n":"a","t":1717199998.75,"v":2}"#,
        #"{"n":"x:b","t":1717199990.25,"v":3}"#, #"{"n":"c","t":1717200000.25,"v":4}"#,
        #"{"n":"d","t":1717200000.25,"v":5}"#,
      ])
  }

  @Test func whatIsNoRecord() throws {
    let reading = try read(
      #"[{"n":"a","t":1e9,"v":1},7,{"n":"b","v":"x"},{"v":1},{"n":"c","v":1,"new_":2},{"bver":11},{"n":"d","t":1e9,"v":2}]"#
    )
    #expect(reading.texts.count == 2)
    #expect(
      reading.reasons == [
        "the SenML record is no JSON object", "\"v\" of the SenML record is no number",
        "the SenML record has no name: neither \"n\" nor \"bn\" is there",
        "the field \"new_\" has to be understood, and is not known",
        "version 11 of SenML is not known; 10 is (RFC 8428)",
      ])
  }

  /// A pack that is read in parts has its base fields in each.
  @Test func packsAreContinued() throws {
    let records = (0..<200).map { "{\"n\":\"\($0)\",\"t\":\($0),\"v\":\($0)}" }.joined(
      separator: ",")
    let file = try TemporaryFile(#"[{"bn":"p:","bt":1.5e9,"bu":"V"},"# + records + "]")
    var known: FileCheckpoint?
    var reading = Reading()
    var isDone = false
    while !isDone {
      var reader = try FileReader(path: file.path, format: .senml, targetChunkBytes: 100)
      if let known {
        let kept = try #require(FileCheckpoint(json: known.json))
        #expect(kept == known)
        _ = try reader.resume(at: kept)
      }
      isDone = true
      if let chunk = try reader.next() {
        known = chunk.checkpoint
        reading.add(chunk.documents())
        isDone = reading.documents.count == 200
      }
    }
    #expect(reading.texts.count == 200)
    #expect(reading.texts.last == #"{"n":"p:199","t":1500000199,"u":"V","v":199}"#)
  }

  @Test(arguments: [
    ("0.1", "0.2", "0.3"), ("1", "-1", "0"), ("1.5e3", "5e-1", "1500.5"), ("1e2", "1e2", "200"),
    ("-0.001", "0.0005", "-0.0005"), ("1e300", "1", "1e+300"),
  ])
  func sums(_ first: String, _ second: String, _ sum: String) {
    #expect(DecimalText.sum(first, second) == sum)
  }
}
