/// What a statement answers: columns of rows, with what one has to know of them.
public struct Answer: Sendable {
  /// A column by its name. All columns of an answer have the same number of rows.
  public struct Column: Sendable {
    /// How its values are shown. `integer` is what counts, `text` also what is of several kinds, `list` the entries of
    /// `top`, `state` the words final, provisional and partial.
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

    /// Its numbers are as exact as they can be, unless `errorBound` says otherwise.
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
    /// The stream's, at the state that the answer is of.
    public var watermarkNs: Int64?
    /// `cells of KPI by_site version 1`, `columns`, or both.
    public var answeredFrom: String?
    /// The answer holds for the log up to this event.
    public var asOfSeq: UInt64?
    /// Rows before LIMIT, when it left some out.
    public var rowsBeforeLimit: Int?
    /// From the beginning of the statement until its answer was complete.
    public var elapsedSeconds: Double?
    /// What else should be known: a KPI that is still being filled, an assumption that was made.
    public var notes: [String] = []

    /// Of which nothing is known yet.
    public init() {}
  }

  public var columns: [Column]
  public var meta = Meta()
  /// What a statement without rows has done: `KPI heat version 1 is defined`.
  public var message: String?

  /// What a statement with rows gives, or one that has only done something.
  public init(columns: [Column] = [], message: String? = nil) {
    (self.columns, self.message) = (columns, message)
  }

  /// 0 when there are no columns.
  public var rowCount: Int { columns.first?.values.count ?? 0 }
}
