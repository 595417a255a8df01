import Foundation
import Snappy
import SwiftProtobuf

/// A series that answers a query.
public struct ReadSeries: Sendable {
  /// Ascending by name.
  public var labels: [(name: String, value: String)]
  /// Ascending, with a value for each.
  public var timesMs: [Int64]
  public var values: [Double]

  /// With a value for each time.
  public init(labels: [(name: String, value: String)], timesMs: [Int64], values: [Double]) {
    (self.labels, self.timesMs, self.values) = (labels, timesMs, values)
  }

  fileprivate var messageLabels: [Prometheus_Label] {
    labels.map { label in
      .with {
        $0.name = label.name
        $0.value = label.value
      }
    }
  }
}

/// The forms of an answer.
public enum ReadAnswer {
  /// The type of a body of samples; its content is coded by Snappy.
  public static let samplesType = "application/x-protobuf"
  /// The type of frames of chunks.
  public static let chunksType =
    "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"

  /// All series of all queries as one body of samples, compressed. O(samples).
  public static func samples(_ results: [[ReadSeries]]) -> [UInt8] {
    let message = Prometheus_ReadResponse.with { message in
      message.results = results.map { series in
        .with { $0.timeseries = series.map(timeSeries) }
      }
    }
    return Snappy.compress(serialized(message))
  }

  private static func timeSeries(_ series: ReadSeries) -> Prometheus_TimeSeries {
    .with { message in
      message.labels = series.messageLabels
      message.samples = zip(series.timesMs, series.values).map { timeMs, value in
        .with {
          $0.timestamp = timeMs
          $0.value = value
        }
      }
    }
  }

  /// A series of a query as one frame of chunks: its length, a checksum, the message. O(samples).
  public static func frame(_ series: ReadSeries, ofQuery index: Int) -> [UInt8] {
    let message = Prometheus_ChunkedReadResponse.with { message in
      message.queryIndex = Int64(index)
      message.chunkedSeries = [
        .with {
          $0.labels = series.messageLabels
          $0.chunks = chunks(series)
        }
      ]
    }
    let bytes = serialized(message)
    var frame: [UInt8] = []
    var length = bytes.count
    while length >= 0x80 {
      frame.append(UInt8(length & 0x7F | 0x80))
      length >>= 7
    }
    frame.append(UInt8(length))
    let checksum = CRC32C.checksum(bytes)
    for shift in [24, 16, 8, 0] { frame.append(UInt8(truncatingIfNeeded: checksum >> shift)) }
    return frame + bytes
  }

  private static func chunks(_ series: ReadSeries) -> [Prometheus_Chunk] {
    stride(from: 0, to: series.timesMs.count, by: XORChunk.maxSamples).map { first in
      let end = min(first + XORChunk.maxSamples, series.timesMs.count)
      var chunk = XORChunk()
      for index in first..<end { chunk.append(series.values[index], atMs: series.timesMs[index]) }
      return .with {
        $0.minTimeMs = series.timesMs[first]
        $0.maxTimeMs = series.timesMs[end - 1]
        $0.type = .xor
        $0.data = Data(chunk.bytes)
      }
    }
  }

  /// Fails only for messages without required fields, which these are not.
  private static func serialized(_ message: some Message) -> [UInt8] {
    guard let bytes: [UInt8] = try? message.serializedBytes() else {
      preconditionFailure("a message of proto3 could not be written")
    }
    return bytes
  }
}
