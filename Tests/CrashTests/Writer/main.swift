import Foundation
import Model
import Store

// A program that embeds the store, for the tests to kill and to starve. Each line that it prints is
// written at once, so that what it was told before its end is known.

let arguments = CommandLine.arguments
guard arguments.count >= 4 else {
  say("usage: crash-writer append|ingest|compact|alter|damage DIRECTORY FILE [FIRST [ATTEMPTS]]")
  say("   or: crash-writer cells|model|read|steps DIRECTORY - [MEMORY FACTS WORK PAGE]")
  exit(2)
}

do {
  switch arguments[1] {
  case "append":
    try appendScript(
      arguments[3], to: arguments[2], from: Int(arguments.dropFirst(4).first ?? "0") ?? 0,
      attempts: Int(arguments.dropFirst(5).first ?? "1") ?? 1)
  case "ingest": try ingestScript(arguments[3], to: arguments[2])
  case "compact": try compact(arguments[2])
  case "cells": try writeCells(arguments[2])
  case "model", "steps":
    try followSteps(
      arguments[2], limits: Array(arguments.dropFirst(4)), isModel: arguments[1] == "model")
  case "read": try readCells(arguments[2])
  case "alter": try alter(arguments[2])
  case "damage": try damage(arguments[2], plan: arguments[3])
  default: exit(2)
  }
} catch {
  say("failed \(error)")
  exit(1)
}

func say(_ text: String) {
  FileHandle.standardOutput.write(Data("\(text)\n".utf8))
}
