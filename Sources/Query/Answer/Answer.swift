/// What a statement answers: columns of rows, with what one has to know of them.
public struct Answer: Sendable {
  public struct Column: Sendable {
    public enum Kind: String, Sendable { case time, number, integer, text, boolean, list, state }
    public var name: String
    public var kind: Kind
    /// How far off its numbers may be: `within 1 %`; nil when they are exact or rounded as doubles are.
    public var errorBound: String?
    /// Whether some of its numbers are off by as much: few values are counted exactly.
    public var isApproximate = false
    /// Of states how often each row was corrected after it was final; empty when none was.
    public var revisions: [UInt32] = []
    public var values: ValueColumn

    public init(name: String, kind: Kind, errorBound: String? = nil, values: ValueColumn) {
      (self.name, self.kind, self.errorBound, self.values) = (name, kind, errorBound, values)
    }
  }

  /// What is said of an answer beside its rows. What does not apply is nil.
  public struct Meta: Sendable {
    /// The facts that were asked for, half-open; `Int64.min` and `.max` for no bound.
    public var rangeNs: Range<Int64>?
    /// Whether the statement named no range, so that all of the stream was taken.
    public var isRangeAssumed = false
    /// The zone of buckets, in which times are shown.
    public var timeZone = "UTC"
    /// The end of the last row's bucket.
    public var lastBucketEndNs: Int64?
    public var watermarkNs: Int64?
    /// `cells of KPI by_site version 1`, `columns`, or both.
    public var answeredFrom: String?
    public var asOfSeq: UInt64?
    /// Rows before LIMIT, when it left some out.
    public var rowsBeforeLimit: Int?
    public var elapsedSeconds: Double?
    /// What else should be known: a KPI that is still being filled, an assumption that was made.
    public var notes: [String] = []

    public init() {}
  }

  public var columns: [Column]
  public var meta = Meta()
  /// What a statement without rows has done: `KPI heat version 1 is defined`.
  public var message: String?

  public init(columns: [Column] = [], message: String? = nil) {
    (self.columns, self.message) = (columns, message)
  }

  public var rowCount: Int { columns.first?.values.count ?? 0 }
}
