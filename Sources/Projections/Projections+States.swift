import EventLog

extension Projections {
  /// The times of a stream's facts and its watermark as they were after event `seq`. O(blocks).
  public func state(
    ofStream name: String, asOf seq: UInt64
  ) throws -> (timesNs: ClosedRange<Int64>?, watermarkNs: Int64?) {
    try log.environment.read { transaction in
      let stream = try log.stream(named: name, transaction)
      try log.requireFacts(of: stream, asOf: seq)
      return (
        try log.times(of: stream, asOf: seq, transaction),
        try log.watermarkNs(of: stream, asOf: seq, transaction)
      )
    }
  }
}
