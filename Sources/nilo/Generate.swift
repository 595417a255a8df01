import ArgumentParser
import Model
import Workloads

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write events of a made-up plant to standard output, as NDJSON.",
    discussion: """
      The same options give the same bytes on every machine.

      Example:
        nilo generate fleet --devices 1000 --hours 24 | nilo ingest --stream fleet -
      """,
    subcommands: [GenerateFleet.self, GenerateLarge.self])
}

struct GenerateFleet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "Small events of many devices at a steady interval, some late, some twice.",
    discussion: """
      Example:
        nilo generate fleet --devices 100 --every 5s --hours 1 --late 2%
      """)

  @Option(help: ArgumentHelp("Number of devices, up to 1,000,000.", valueName: "n"))
  var devices = 1000

  @Option(
    help: ArgumentHelp(
      "Time between two events of a device, 1ms to 1d. (default: 30s)", valueName: "duration"),
    transform: DurationText.init)
  var every = DurationText(milliseconds: 30_000)

  @Option(help: ArgumentHelp("Hours of event time.", valueName: "n"))
  var hours = 24.0

  @Option(
    help: ArgumentHelp("Share of events that come late. (default: 1%)", valueName: "percent"),
    transform: PercentText.init)
  var late = PercentText(share: 0.01)

  @Option(
    help: ArgumentHelp("Share of events that come twice. (default: 0.1%)", valueName: "percent"),
    transform: PercentText.init)
  var duplicates = PercentText(share: 0.001)

  @Option(help: ArgumentHelp("Seed of all that is random.", valueName: "n"))
  var seed: UInt64 = 1

  func validate() throws {
    try check("--devices", devices, 1...1_000_000)
    guard (1...86_400_000).contains(every.milliseconds) else {
      throw ValidationError("--every must be from 1ms to 1d; it is \(every).")
    }
    guard hours >= 0, hours <= 1_000_000 else {
      throw ValidationError("--hours must be from 0 to 1,000,000; it is \(hours).")
    }
  }

  func run() throws {
    var options = FleetWorkload.Options()
    options.devices = devices
    options.intervalMs = every.milliseconds
    options.hours = hours
    options.lateShare = late.share
    options.duplicateShare = duplicates.share
    options.seed = seed
    var workload = FleetWorkload(options)
    try write { workload.next(into: &$0) }
  }
}

struct GenerateLarge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "large",
    abstract: "Large events of one machine, thousands of readings in each.",
    discussion: """
      Example:
        nilo generate large --messages 40 --size 5MB | nilo ingest --stream press \\
          --explode readings -
      """)

  @Option(help: ArgumentHelp("Number of events, up to 10,000,000.", valueName: "n"))
  var messages = 40

  @Option(
    help: ArgumentHelp(
      "Size of an event, 200 to 1GB; a store takes up to 10MiB. (default: 5MB)", valueName: "size"),
    transform: SizeText.init)
  var size = SizeText(bytes: 5_000_000)

  @Option(help: ArgumentHelp("Seed of all that is random.", valueName: "n"))
  var seed: UInt64 = 1

  func validate() throws {
    try check("--messages", messages, 0...10_000_000)
    guard (200...1_000_000_000).contains(size.bytes) else {
      throw ValidationError("--size must be from 200 to 1GB; it is \(size).")
    }
  }

  func run() throws {
    var options = LargeWorkload.Options()
    options.messages = messages
    options.sizeBytes = size.bytes
    options.seed = seed
    var workload = LargeWorkload(options)
    try write { workload.next(into: &$0) }
  }
}

/// Writes chunk after chunk until there is none.
private func write(_ next: (inout [UInt8]) -> Bool) throws {
  var chunk: [UInt8] = []
  while next(&chunk) {
    try writeAll(chunk, to: Descriptor.output)
    chunk.removeAll(keepingCapacity: true)
  }
}

private func check(_ option: String, _ value: Int, _ limits: ClosedRange<Int>) throws {
  guard limits.contains(value) else {
    throw ValidationError(
      "\(option) must be from \(Wording.count(limits.lowerBound)) to "
        + "\(Wording.count(limits.upperBound)); it is \(Wording.count(value)).")
  }
}
