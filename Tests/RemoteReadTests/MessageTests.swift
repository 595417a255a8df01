import Foundation
import Snappy
import SwiftProtobuf
import Testing

@testable import RemoteRead

@Suite struct MessageTests {
  private static func body(
    _ accepted: [Prometheus_ReadRequest.ResponseType],
    _ type: Prometheus_LabelMatcher.TypeEnum = .re
  ) throws -> [UInt8] {
    let message = Prometheus_ReadRequest.with { message in
      message.acceptedResponseTypes = accepted
      message.queries = [
        .with { query in
          (query.startTimestampMs, query.endTimestampMs) = (-5, 1_717_200_000_000)
          query.matchers = [
            .with {
              ($0.type, $0.name, $0.value) = (type, "__name__", "heat_.*")
            }
          ]
        }
      ]
    }
    return Snappy.compress(try message.serializedBytes())
  }

  @Test func requestsAreRead() throws {
    let request = try ReadRequest(Self.body([.streamedXorChunks, .samples]))
    #expect(request.takesChunks)
    let query = try #require(request.queries.first)
    #expect(query.startMs == -5 && query.endMs == 1_717_200_000_000)
    #expect(query.matchers.map { "\($0.name)\($0.comparison)\($0.value)" } == ["__name__=~heat_.*"])
    #expect(try !ReadRequest(Self.body([])).takesChunks)
    #expect(try !ReadRequest(Self.body([.samples, .streamedXorChunks])).takesChunks)
  }

  @Test func whatIsNoRequestIsSaid() throws {
    #expect(throws: ReadRequest.Failure(description: "the body is not compressed by Snappy")) {
      _ = try ReadRequest([0xFF])
    }
    #expect(throws: ReadRequest.Failure(description: "the body is no prometheus.ReadRequest")) {
      _ = try ReadRequest(Snappy.compress([0xFF]))
    }
    let unknown = try Self.body([], .UNRECOGNIZED(9))
    #expect(throws: ReadRequest.Failure.self) { _ = try ReadRequest(unknown) }
    let large = Snappy.compress([UInt8](repeating: 0, count: ReadRequest.maxBytes + 1))
    #expect(throws: ReadRequest.Failure.self) { _ = try ReadRequest(large) }
  }

  private static let series = ReadSeries(
    labels: [("__name__", "heat"), ("site", "a")],
    timesMs: (0..<250).map { $0 * 3_600_000 }, values: (0..<250).map { Double($0) / 4 })

  @Test func samplesAreWritten() throws {
    let bytes = try Snappy.decompress(ReadAnswer.samples([[Self.series], []]), maxBytes: 1 << 20)
    let message = try Prometheus_ReadResponse(serializedBytes: bytes)
    #expect(message.results.map(\.timeseries.count) == [1, 0])
    let series = message.results[0].timeseries[0]
    #expect(series.labels.map { "\($0.name)=\($0.value)" } == ["__name__=heat", "site=a"])
    #expect(series.samples.map(\.timestamp) == Self.series.timesMs)
    #expect(series.samples.map(\.value) == Self.series.values)
  }

  @Test func framesHaveTheirLengthAndChecksum() throws {
    let frame = ReadAnswer.frame(Self.series, ofQuery: 3)
    var (length, shift, place) = (0, 0, 0)
    repeat {
      length |= Int(frame[place] & 0x7F) << shift
      shift += 7
      place += 1
    } while frame[place - 1] >= 0x80
    let checksum = frame[place..<(place + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let body = Array(frame[(place + 4)...])
    #expect(body.count == length && CRC32C.checksum(body) == checksum)
    let message = try Prometheus_ChunkedReadResponse(serializedBytes: body)
    #expect(message.queryIndex == 3)
    let chunks = message.chunkedSeries[0].chunks
    #expect(chunks.map(\.minTimeMs) == [0, 120, 240].map { Int64($0) * 3_600_000 })
    #expect(chunks.map { Int($0.data[0]) << 8 | Int($0.data[1]) } == [120, 120, 10])
  }
}
