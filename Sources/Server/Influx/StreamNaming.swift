import LineProtocol

extension ServerSettings.InfluxStream {
  private static let maxNameCount = 100

  /// The name of the stream that a measurement is. Characters that names of streams cannot have become `_`, and one that
  /// begins with another than a letter has `m_` before it. O(scalars).
  func name(of measurement: Point.Bytes, in database: String) -> String {
    let name = String(decoding: measurement, as: UTF8.self)
    return Self.legal(self == .measurement ? name : "\(database).\(name)")
  }

  private static func legal(_ name: String) -> String {
    var scalars = name.unicodeScalars.prefix(maxNameCount).map { scalar in
      isLetter(scalar) || "0123456789_-.".unicodeScalars.contains(scalar) ? scalar : "_"
    }
    if scalars.first.map(isLetter) != true { scalars = ["m", "_"] + scalars }
    return String(String.UnicodeScalarView(scalars.prefix(maxNameCount)))
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
  }
}
