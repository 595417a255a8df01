import Model

/// Writes many times, most of which are of the same day as the one before.
struct TimeCells {
  private let zone: ZoneRules
  private var day = Int64.min
  private var date: [UInt8] = []
  /// The time written last, which the next row mostly has too.
  private var last: (ns: Int64, text: [UInt8])?

  init(zone: ZoneRules = .utc) { self.zone = zone }

  /// RFC 3339 on the zone's clock, with the offset that it has then, or `Z`.
  mutating func append(_ ns: Int64, to pieces: inout Pieces) {
    if let last, last.ns == ns { return pieces.bytes.append(contentsOf: last.text) }
    let start = pieces.bytes.count
    write(ns, to: &pieces)
    last = (ns, Array(pieces.bytes[start...]))
  }

  private mutating func write(_ ns: Int64, to pieces: inout Pieces) {
    let offsetSeconds = zone.offsetNs(at: ns) / 1_000_000_000
    let seconds = ns.flooredQuotient(1_000_000_000) + offsetSeconds
    let day = seconds.flooredQuotient(86_400)
    if day != self.day { remember(day) }
    pieces.bytes.append(contentsOf: date)
    let second = Int(seconds - day * 86_400)
    pieces.put("T")
    pieces.append(twoDigits: second / 3600)
    pieces.put(":")
    pieces.append(twoDigits: second / 60 % 60)
    pieces.put(":")
    pieces.append(twoDigits: second % 60)
    append(fraction: Int(ns.flooredRemainder(1_000_000_000)), to: &pieces)
    append(offsetSeconds: Int(offsetSeconds), to: &pieces)
  }

  private func append(fraction ns: Int, to pieces: inout Pieces) {
    guard ns != 0 else { return }
    let digits = ns % 1_000_000 == 0 ? 3 : ns % 1_000 == 0 ? 6 : 9
    var rest = ns / (digits == 3 ? 1_000_000 : digits == 6 ? 1_000 : 1)
    pieces.put(".")
    let start = pieces.bytes.count
    for _ in 0..<digits {
      pieces.bytes.append(UInt8(truncatingIfNeeded: 48 + rest % 10))
      rest /= 10
    }
    pieces.bytes[start...].reverse()
  }

  private func append(offsetSeconds: Int, to pieces: inout Pieces) {
    if offsetSeconds == 0 { return pieces.put("Z") }
    let seconds = Int(offsetSeconds.magnitude)
    pieces.append(offsetSeconds < 0 ? "-" : "+")
    pieces.append(twoDigits: seconds / 3600)
    pieces.put(":")
    pieces.append(twoDigits: seconds / 60 % 60)
    // RFC 3339 has whole minutes, but to cut those of old times would make other times of them.
    if seconds % 60 == 0 { return }
    pieces.put(":")
    pieces.append(twoDigits: seconds % 60)
  }

  private mutating func remember(_ day: Int64) {
    let civil = CivilDate(daysSinceEpoch: Int(day))
    var text = Pieces()
    text.append(twoDigits: civil.year / 100)
    text.append(twoDigits: civil.year % 100)
    text.append("-")
    text.append(twoDigits: civil.month)
    text.append("-")
    text.append(twoDigits: civil.day)
    (self.day, date) = (day, text.bytes)
  }
}

extension ZoneRules {
  /// A time as answers show it: RFC 3339 on the zone's clock, with the offset that it has then, or `Z`.
  package func text(ofTimeNs ns: Int64) -> String {
    var (cells, pieces) = (TimeCells(zone: self), Pieces())
    cells.append(ns, to: &pieces)
    return String(decoding: pieces.bytes, as: UTF8.self)
  }
}
