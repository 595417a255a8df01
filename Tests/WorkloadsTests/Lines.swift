import Workloads

/// FNV-1a of 64 bits, by G. Fowler, L. Noll and K.-P. Vo.
func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
}

extension FleetWorkload {
  /// A fleet small enough for a debug build: 50 devices, 12 hours, 72,000 events.
  static func small(_ change: (inout Options) -> Void = { _ in }) -> FleetWorkload {
    var options = Options()
    options.devices = 50
    options.hours = 12
    change(&options)
    return FleetWorkload(options)
  }

  /// All that is left to be written.
  func rest() -> [UInt8] {
    var workload = self
    var bytes: [UInt8] = []
    while workload.next(into: &bytes) {}
    return bytes
  }

  func firstChunk() -> [UInt8] {
    var workload = self
    var bytes: [UInt8] = []
    _ = workload.next(into: &bytes)
    return bytes
  }

  func lines() -> [FleetLineText] {
    rest().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
      .map(FleetLineText.init)
  }
}

/// A line of the fleet, cut at the places of its fields of fixed width.
struct FleetLineText: Hashable {
  let text: String

  init(_ bytes: some Sequence<UInt8>) {
    text = String(decoding: Array(bytes), as: UTF8.self)
  }

  var eventID: Substring { field(13, 16) }
  var device: Substring { field(44, 12) }
  var site: Substring { field(66, 7) }
  var timestamp: Substring { field(88, 24) }

  private func field(_ offset: Int, _ width: Int) -> Substring {
    let utf8 = text.utf8
    let start = utf8.index(utf8.startIndex, offsetBy: offset)
    return text[start..<utf8.index(start, offsetBy: width)]
  }
}
