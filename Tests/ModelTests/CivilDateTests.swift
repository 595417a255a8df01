import Testing

@testable import Model

@Suite struct CivilDateTests {
  /// Walks every day from 1600 to 2400, a whole cycle of leap years twice.
  @Test func daysFollowEachOther() {
    var (year, month, day) = (1600, 1, 1)
    var wanted = -135_140
    while year < 2400 {
      let date = CivilDate(year: year, month: month, day: day)
      guard date.daysSinceEpoch == wanted, CivilDate(daysSinceEpoch: wanted) == date else {
        Issue.record("\(date) is day \(date.daysSinceEpoch), wanted \(wanted)")
        return
      }
      wanted += 1
      day += 1
      let length = TimeText.monthDays(year)[month - 1]
      #expect(CivilDate.dayCount(year: year, month: month) == length)
      if day > length { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
  }

  @Test(arguments: [
    (1970, 1, 1, 0), (1969, 12, 31, -1), (2000, 3, 1, 11_017), (1600, 1, 1, -135_140),
    (0, 3, 1, -719_468), (-1, 12, 31, -719_529), (9999, 12, 31, 2_932_896),
  ])
  func knownDays(year: Int, month: Int, day: Int, days: Int) {
    let date = CivilDate(year: year, month: month, day: day)
    #expect(date.daysSinceEpoch == days)
    #expect(CivilDate(daysSinceEpoch: days) == date)
  }
}
