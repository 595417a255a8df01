import Bytes
import Sketches

// On disk: docs/formats/cells.md

extension MeasureColumns {
  /// Appends the columns of rows as they are read. O(rows).
  func encode(_ page: PageRows, into output: inout [UInt8]) {
    let rows = page.rows
    let counts = rows.map { self.counts[Int($0)] }
    output.append(
      packed: counts.indices.map { Int64(bitPattern: page.header($0).facts &- counts[$0]) })
    if stored.contains(.moments) {
      moments.encode(
        page, counts: counts, hasSquares: stored.contains(.variance), into: &output)
    }
    if stored.contains(.quantiles) { quantiles.encode(rows[...], into: &output) }
    if stored.contains(.distinct) {
      output.append(runs: rows) { row, bytes in
        if !distinct[Int(row)].isEmpty { distinct[Int(row)].encode(into: &bytes) }
      }
    }
    if stored.contains(.top) {
      output.append(runs: rows) { row, bytes in
        if top[Int(row)].count > 0 { top[Int(row)].encode(into: &bytes) }
      }
    }
    if stored.contains(.texts) {
      output.append(runs: rows.indices) { index, bytes in
        texts[Int(rows[index])].encode(page.header(index), into: &bytes)
      }
    }
    if stored.contains(.series) {
      output.append(runs: rows) { row, bytes in
        if !samples[Int(row)].series.isEmpty { samples[Int(row)].encode(into: &bytes) }
      }
    }
  }
}
