extension Answer {
  /// The answer with some of its rows only, which is then no answer that LIMIT has cut. O(values).
  public func rows(_ range: Range<Int>) -> Answer {
    var part = self
    let places = Array(range)
    for index in columns.indices {
      part.columns[index].values = columns[index].values.gather(places)
      let revisions = columns[index].revisions
      if !revisions.isEmpty { part.columns[index].revisions = Array(revisions[range]) }
    }
    part.meta.rowsBeforeLimit = nil
    return part
  }
}
