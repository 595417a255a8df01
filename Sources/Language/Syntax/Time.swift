/// What lengths of time are counted in.
public enum TimeUnit: String, Sendable, Equatable, CaseIterable {
  case second = "s"
  case minute = "m"
  case hour = "h"
  case day = "d"
  case week = "w"
  case month = "mo"
  case quarter = "q"
  case year = "y"
}

/// A whole number of a unit: `24 hours`, `7d`. Not brought to another unit, since a day is not
/// always 24 hours.
public struct TimeLength: Sendable, Equatable {
  /// From 1 to ``LanguageLimits/maxTimeAmount``.
  public var amount: Int64
  public var unit: TimeUnit
  public var span: TextSpan

  public init(_ amount: Int64, _ unit: TimeUnit, span: TextSpan = .none) {
    self.amount = amount
    self.unit = unit
    self.span = span
  }
}

/// A point in time, as far as it is known without a clock and a zone: `3 hours ago`,
/// `today - 1 day`.
public struct TimeExpression: Sendable, Equatable {
  /// What a point in time is counted from.
  public enum Base: Sendable, Equatable {
    case now
    /// Midnight at which the day began, in the query's zone.
    case today
    /// Midnight before that.
    case yesterday
    /// The text of a time, here not looked into.
    case text(String)
    case ago(TimeLength)
    case parameter(Parameter)
  }

  /// What is added to the base.
  public struct Offset: Sendable, Equatable {
    /// Whether it goes back in time.
    public var isBack: Bool
    public var length: TimeLength

    public init(isBack: Bool, _ length: TimeLength) {
      self.isBack = isBack
      self.length = length
    }
  }

  public var base: Base
  /// In the order in which they apply.
  public var offsets: [Offset]
  public var span: TextSpan

  public init(_ base: Base, offsets: [Offset] = [], span: TextSpan = .none) {
    self.base = base
    self.offsets = offsets
    self.span = span
  }
}

/// The state of the log that a query asks about.
public enum AsOf: Sendable, Equatable {
  /// What was known at a time.
  case time(TimeExpression)
  /// What is known from the events up to a sequence number, it included.
  case seq(Spanned<UInt64>)
}
