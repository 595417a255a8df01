extension [Int32] {
  /// The places of a run, where these tell where each run ends; it begins where the one before ends.
  @inline(__always)
  func run(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : Int(self[index - 1]))..<Int(self[index])
  }
}
