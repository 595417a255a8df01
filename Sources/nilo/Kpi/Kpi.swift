import ArgumentParser
import Language

struct Kpi: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Define and read KPIs: numbers kept up to date for each bucket of time and group.",
    discussion: """
      Each command is a statement of the query language, given by options: nilo query runs it as well.

      Example:
        nilo kpi define heat --from weather --select 'avg(temperature), p95(temperature)' \\
          --by city --every 1h
        nilo kpi read heat --since 2013-07-04 --until 2013-07-05
      """,
    subcommands: [
      KpiDefine.self, KpiList.self, KpiShow.self, KpiRead.self, KpiDrop.self,
    ])
}

struct KpiList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the KPIs.",
    discussion: """
      It is SHOW KPIS, or SHOW VERSIONS.

      Example:
        nilo kpi list --format csv
      """)

  @OptionGroup var answers: KpiArguments

  @Flag(name: .long, help: "All versions, with when and by whom they were defined.")
  var versions = false

  func run() throws {
    try answers.answer(.show(Show(versions ? .versions : .kpis)))
  }
}

struct KpiShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what a KPI is.",
    discussion: """
      It is DESCRIBE, or SHOW CREATE.

      Example:
        nilo kpi show heat
        nilo kpi show heat --create --format tsv
      """)

  @OptionGroup var answers: KpiArguments
  @Argument(help: "The KPI's name.") var name: String

  @Flag(name: .long, help: "The statement that defines it.")
  var create = false

  func run() throws {
    try answers.answer(
      create ? .show(Show(.create, from: Name(name))) : .describe(Name(name)), about: name)
  }
}

struct KpiDrop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Drop a KPI and its cells; the events stay.",
    discussion: """
      It is DROP KPI.

      Example:
        nilo kpi drop heat
      """)

  @OptionGroup var answers: KpiArguments
  @OptionGroup var memory: MemoryArguments
  @Argument(help: "The KPI's name.") var name: String

  func run() throws { try answers.answer(.dropKpi(Name(name)), memory: memory) }
}
