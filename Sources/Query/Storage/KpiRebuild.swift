/// What a rebuild did for one version of a KPI.
public struct KpiRebuild: Sendable {
  public var version: Int
  /// Cells that were computed.
  public var cells: Int
  /// The buckets that were rebuilt: those that start within it, `Int64.min` and `.max` for no bound; nil for all.
  public var rangeNs: Range<Int64>?
  /// Whether facts before the range were folded as well.
  public var foldedEarlier: Bool

  public init(version: Int, cells: Int, rangeNs: Range<Int64>?, foldedEarlier: Bool) {
    (self.version, self.cells) = (version, cells)
    (self.rangeNs, self.foldedEarlier) = (rangeNs, foldedEarlier)
  }
}
