extension Array {
  /// Runs `body` on a span that writes over the elements.
  ///
  /// It is for arrays that are properties, in the place of `property.mutableSpan`: that says to the optimiser of Swift 6.3
  /// that nobody else has any array of the value that the property belongs to, and what a reader has of the others changes
  /// in place. Here the span is of the array alone.
  @inlinable @inline(__always)
  public mutating func withMutableSpan<R>(_ body: (inout MutableSpan<Element>) -> R) -> R {
    var span = mutableSpan
    return body(&span)
  }
}

extension ArraySlice<UInt8> {
  /// The slice's bytes, read in place.
  @inlinable @inline(__always)
  public var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get { unsafe span.bytes }
  }
}

extension [UInt8] {
  /// The array's bytes, read in place.
  @inlinable @inline(__always)
  public var rawSpan: RawSpan {
    @_lifetime(borrow self)
    get { unsafe span.bytes }
  }

  /// The array's bytes in `range`, read in place. Traps when they do not lie within the array.
  @inlinable @inline(__always)
  @_lifetime(borrow self)
  public func rawSpan(_ range: Range<Int>) -> RawSpan {
    unsafe span.bytes.extracting(range)
  }

  /// Runs `body` on a sink that writes over the array's bytes from the first on.
  @inlinable
  public mutating func withSink<R>(_ body: (inout ByteSink) throws -> R) rethrows -> R {
    var target = mutableSpan
    var sink = ByteSink(unsafe target.mutableBytes)
    return try body(&sink)
  }
}
