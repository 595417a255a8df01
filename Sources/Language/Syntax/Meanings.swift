/// What the numbers of a KPI's column mean to people: `UNIT '°C' TARGET 20 BETWEEN 18 AND 24`.
public struct ColumnMeaning: Sendable, Equatable {
  /// Which numbers are the good ones, where not those near the target are.
  public enum Better: String, Sendable, Equatable, CaseIterable {
    case higher, lower
  }

  /// As it stands behind a number; here not looked into.
  public var unit: Spanned<String>?
  public var target: ColumnTarget?
  public var better: Spanned<Better>?

  public init(
    unit: Spanned<String>? = nil, target: ColumnTarget? = nil, better: Spanned<Better>? = nil
  ) {
    (self.unit, self.target, self.better) = (unit, target, better)
  }

  public var isEmpty: Bool { self == ColumnMeaning() }

  /// What `other` says, and else what was said before.
  public mutating func add(_ other: ColumnMeaning) {
    unit = other.unit ?? unit
    target = other.target ?? target
    better = other.better ?? better
  }
}

/// The number that a column should have, and the band around it in which it may be.
public struct ColumnTarget: Sendable, Equatable {
  public var value: Double
  /// Holds `value`; nil where none was said.
  public var band: ClosedRange<Double>?

  public init(_ value: Double, band: ClosedRange<Double>? = nil) {
    precondition(band?.contains(value) ?? true, "a target outside of its band")
    (self.value, self.band) = (value, band)
  }
}

/// `ALTER KPI`: what a column means from then on. It makes no new version: no number changes.
public struct AlterKpi: Sendable, Equatable {
  /// What a column need not have.
  public enum Part: String, Sendable, Equatable, CaseIterable {
    case unit = "UNIT"
    case target = "TARGET"
    case better = "BETTER"
  }

  public var name: Name
  /// Nil is the first column that is no group.
  public var column: Name?
  /// What it says; the rest stays as it is.
  public var meaning: ColumnMeaning
  /// What it is to have no longer.
  public var absent: [Part]

  public init(
    _ name: Name, column: Name? = nil, _ meaning: ColumnMeaning = ColumnMeaning(),
    absent: [Part] = []
  ) {
    (self.name, self.column, self.meaning, self.absent) = (name, column, meaning, absent)
  }

  /// Makes the change. O(1).
  public func apply(to meaning: inout ColumnMeaning) {
    for part in absent {
      switch part {
      case .unit: meaning.unit = nil
      case .target: meaning.target = nil
      case .better: meaning.better = nil
      }
    }
    meaning.add(self.meaning)
  }
}
