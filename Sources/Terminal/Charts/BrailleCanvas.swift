/// A grid of dots, two by four in each cell, shown as Braille characters. (0, 0) is at the top
/// left.
struct BrailleCanvas {
  let width: Int
  let height: Int
  private var cells: [UInt8]
  /// The series that drew last in each cell.
  private var owners: [Int]

  /// `width` and `height` in cells.
  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    cells = Array(repeating: 0, count: width * height)
    owners = Array(repeating: 0, count: width * height)
  }

  var dotsAcross: Int { width * 2 }
  var dotsDown: Int { height * 4 }

  /// The bit of each dot of a cell, row by row: Unicode numbers the first three rows down each
  /// column, and the fourth row after them.
  private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  mutating func set(x: Int, y: Int, series: Int) {
    let cell = y / 4 * width + x / 2
    cells[cell] |= Self.bits[y % 4][x % 2]
    owners[cell] = series
  }

  /// The dots from one to the other, ends included (Bresenham 1965). `isDrawn` is asked for each.
  mutating func line(
    from start: (x: Int, y: Int), to end: (x: Int, y: Int), series: Int,
    isDrawn: (_ step: Int) -> Bool
  ) {
    let (spanX, spanY) = (abs(end.x - start.x), -abs(end.y - start.y))
    let (stepX, stepY) = ((end.x - start.x).signum(), (end.y - start.y).signum())
    var (x, y) = start
    var error = spanX + spanY
    // Strokes go on from line to line, since they count from the left edge.
    while true {
      if isDrawn(spanX >= -spanY ? x : x + y) { set(x: x, y: y, series: series) }
      if (x, y) == end { return }
      let doubled = error * 2
      if doubled >= spanY {
        error += spanY
        x += stepX
      }
      if doubled <= spanX {
        error += spanX
        y += stepY
      }
    }
  }

  /// A row of cells; empty ones are spaces.
  func row(_ y: Int, isColored: Bool) -> String {
    var text = ""
    // Neighbours of one series are painted together.
    var run = (owner: -1, dots: "")
    for x in 0..<width {
      let cell = y * width + x
      let owner = cells[cell] == 0 ? -1 : owners[cell]
      if owner != run.owner {
        text += painted(run, isColored: isColored)
        run = (owner, "")
      }
      let scalar = Unicode.Scalar(0x2800 + UInt32(cells[cell])) ?? " "
      run.dots.unicodeScalars.append(owner < 0 ? " " : scalar)
    }
    return text + painted(run, isColored: isColored)
  }

  private func painted(_ run: (owner: Int, dots: String), isColored: Bool) -> String {
    if !isColored || run.owner < 0 { return run.dots }
    return SeriesLook.paint(run.dots, SeriesLook.color(run.owner))
  }
}
