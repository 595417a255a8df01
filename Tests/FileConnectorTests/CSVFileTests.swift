import Foundation
import TestSupport
import Testing

@testable import FileConnector

/// What stands around the rows of CSV files as programs write them.
@Suite struct CSVFileTests {
  @Test(arguments: ["\r", "\n", "\r\n"], [1, 2, 7, 1000]) func lineEnds(end: String, chunk: Int)
    throws
  {
    let lines = ["a,b", "1,\"x\r\ny\rz\"", "", "2,y", "3", "4,z"]
    let reading = try read(lines.joined(separator: end) + end, .csv, chunk: chunk)
    #expect(
      reading.texts == [
        #"{"a":1,"b":"x\r\ny\rz"}"#, #"{"a":2,"b":"y"}"#, #"{"a":4,"b":"z"}"#,
      ])
    #expect(reading.reasons == ["line 7: expected 2 fields, found 1"])
    let unended = try read("a\(end)1\(end)2", .csv, chunk: chunk)
    #expect(unended.texts == [#"{"a":1}"#, #"{"a":2}"#])
  }

  @Test func lineEndsCanBeMixed() throws {
    let reading = try read("a\r1\n2\r\n3\r\r\n4\n\r5\r", .csv)
    #expect(reading.texts == (1...5).map { #"{"a":\#($0)}"# })
  }

  @Test(
    arguments: [
      ("sep=;\r\na;b,c\r\n1;2\r\n", #"{"a":1,"b,c":2}"#),
      ("sep=|\na|b\n1|x,y\n", #"{"a":1,"b":"x,y"}"#),
      ("\n\nsep=\t\na\tb;c\n1\t2\n", #"{"a":1,"b;c":2}"#), ("sep=x\n1\n", #"{"sep=x":1}"#),
      ("# station 5, \"north\n#\na,b\n1,2\n", #"{"a":1,"b":2}"#),
      ("#a\r\ra,b\r1,2\r", #"{"a":1,"b":2}"#),
      ("sep=;\n# c\n#\"\na;b\n#1;2\n", ##"{"a":"#1","b":2}"##), ("# only\n", nil), ("# a\n#b", nil),
      (" a , \"b, c\" ,d e\n 1 , 2 ,3\n", #"{"a":1,"b, c":2,"d e":3}"#),
      ("  \na\n1\n", #"{"a":1}"#),
      ("a;\"b,c,d\"\n1;2\n", #"{"a":1,"b,c,d":2}"#),
      ("t;u, v;w\n1;2;3\n", #"{"t":1,"u, v":2,"w":3}"#),
    ] as [(String, String?)])
  func beforeTheRows(text: String, document: String?) throws {
    for chunk in [1, 3, 1000] {
      let reading = try read(text, .csv, chunk: chunk)
      #expect(reading.texts == [document].compactMap { $0 })
      #expect(reading.refused.isEmpty && reading.error == nil)
    }
  }

  @Test func tabsAreTheDelimitersOfTSV() throws {
    let reading = try read("a, b\tc;d\n1\t\"x\ty\"\n2,5\t+3\n", .tsv)
    #expect(reading.texts == [#"{"a, b":1,"c;d":"x\ty"}"#, #"{"a, b":"2,5","c;d":3}"#])
    for name in ["x.tsv", "x.TAB", "x.tsv.gz"] { #expect(FileFormat(fileName: name) == .tsv) }
  }

  @Test(arguments: [1, 10, 100, 10_000]) func annotatedTablesOfInflux(chunk: Int) throws {
    let text = """
      #group,false,false,true,true,false,false,true,true
      #datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string
      #default,_result,,,,,,,
      ,result,table,_start,_stop,_time,_value,_field,_measurement
      ,,0,2024-06-01T00:00:00Z,2024-06-02T00:00:00Z,2024-06-01T00:00:01Z,1.5,temp,m
      ,,0,2024-06-01T00:00:00Z,2024-06-02T00:00:00Z,2024-06-01T00:00:02Z,2.5,temp,m

      #group,false,false,true
      #datatype,string,long,string
      #default,_result,,
      ,result,table,_time,host
      ,,1,2024-06-01T00:00:03Z,a

      ,result,table,host,_time
      ,,2,b,2024-06-01T00:00:04Z

      """
    for text in [text, text.replacing("\n", with: "\r\n"), text.replacing("\n", with: "\r")] {
      let reading = try read(text, .csv, chunk: chunk)
      #expect(reading.refused.isEmpty && reading.error == nil)
      #expect(
        reading.texts == [
          #"{"table":0,"_start":"2024-06-01T00:00:00Z","_stop":"2024-06-02T00:00:00Z","_time":"2024-06-01T00:00:01Z","_value":1.5,"_field":"temp","_measurement":"m"}"#,
          #"{"table":0,"_start":"2024-06-01T00:00:00Z","_stop":"2024-06-02T00:00:00Z","_time":"2024-06-01T00:00:02Z","_value":2.5,"_field":"temp","_measurement":"m"}"#,
          #"{"table":1,"_time":"2024-06-01T00:00:03Z","host":"a"}"#,
          #"{"table":2,"host":"b","_time":"2024-06-01T00:00:04Z"}"#,
        ])
    }
  }

  /// What the annotations say is a string stays one.
  @Test func stringsOfInfluxStayStrings() throws {
    let text = """
      #datatype,string,long,string,double
      ,result,table,host,_value
      ,,0,12,1
      ,,0,true,2

      ,result,table,host,_value
      ,,0,12,1

      """
    #expect(
      try read(text, .csv).texts == [
        #"{"table":0,"host":"12","_value":1}"#, #"{"table":0,"host":"true","_value":2}"#,
        #"{"table":0,"host":12,"_value":1}"#,
      ])
  }

  @Test func anUnnamedFirstFieldIsKeptElsewhere() throws {
    #expect(try read(",a\n0,1\n\n1,2\n", .csv).texts == [#"{"":0,"a":1}"#, #"{"":1,"a":2}"#])
  }

  // MARK: Decimal commas

  @Test(arguments: [1, 5, 1000]) func aDecimalCommaIsFoundOut(chunk: Int) throws {
    let text = "a;b\n1;x, y\n1.5;\"1,5\"\n2;21,5\n1,250;-,5\n+3,;1,5e3\n1,2,3;1.5\n"
    let reading = try read(text, .csv, chunk: chunk)
    #expect(
      reading.texts == [
        #"{"a":1,"b":"x, y"}"#, #"{"a":1.5,"b":"1,5"}"#, #"{"a":2,"b":21.5}"#,
        #"{"a":1.250,"b":-0.5}"#,
        #"{"a":3,"b":1.5e3}"#, #"{"a":"1,2,3","b":"1.5"}"#,
      ])
    #expect(reading.note?.hasPrefix("line 4: \"21,5\" is read as 21.5, and so is each") == true)
  }

  @Test(arguments: [1, 5, 1000]) func whatCanBeTwoNumbersIsNotGuessed(chunk: Int) throws {
    let text = "a;b\n1;2\n1;1,234\n3;21,5\n"
    let reading = try read(text, .csv, chunk: chunk)
    #expect(reading.texts == [#"{"a":1,"b":2}"#])
    #expect(reading.error?.kind == .ambiguousNumber)
    #expect(
      reading.error?.problem
        == "line 3: \"1,234\" can be 1.234 or 1234; the rows before are kept")
    let comma = try read(text, .csv, decimalMark: .comma, chunk: chunk)
    #expect(
      comma.texts == [#"{"a":1,"b":2}"#, #"{"a":1,"b":1.234}"#, #"{"a":3,"b":21.5}"#])
    let point = try read(text, .csv, decimalMark: .point, chunk: chunk)
    #expect(
      point.texts == [#"{"a":1,"b":2}"#, #"{"a":1,"b":"1,234"}"#, #"{"a":3,"b":"21,5"}"#])
    #expect(point.error == nil && comma.error == nil && comma.note == nil)
  }

  @Test(
    arguments: [
      ("21,5", .comma), ("-1234,567", .comma), ("0,125", .comma), (",5", .comma), ("1,5e3", .comma),
      ("+12,34", .comma), ("1,234", .ambiguous), ("-999,000", .ambiguous),
      ("1,234,567", .thousands),
      ("1,234.5", .thousands), ("12,345,678.00", .thousands), ("1,23,456", .none), ("5,", .none),
      ("a,b", .none), ("1,5 kg", .none), ("007,5", .none), ("-", .none), ("1.234,56", .none),
      (",", .none), ("-,", .none), ("1,2345", .comma), ("1234", .none), ("", .none),
      ("1,234x", .none),
    ] as [(String, DecimalMarkSearch.Evidence)])
  func evidence(field: String, evidence: DecimalMarkSearch.Evidence) {
    let bytes = Array(field.utf8)
    let found = DecimalMarkSearch.evidence(
      in: bytes.span, 0..<bytes.count, delimiter: Byte.semicolon)
    #expect(found.evidence == evidence)
  }

  @Test func thousandsAreTexts() throws {
    let reading = try read("a;b\n1;1,234.5\n2;1,234\n3;21,5\n", .csv)
    #expect(reading.texts.suffix(2) == [#"{"a":2,"b":"1,234"}"#, #"{"a":3,"b":"21,5"}"#])
    #expect(reading.note?.contains("has commas between thousands") == true)
  }

  @Test func aDecimalCommaWithinQuotesNeedsToBeSaid() throws {
    let text = "a,b\n\"1,5\",\"x\"\n"
    #expect(try read(text, .csv).texts == [#"{"a":"1,5","b":"x"}"#])
    #expect(try read(text, .csv, decimalMark: .comma).texts == [#"{"a":1.5,"b":"x"}"#])
  }

  // MARK: Numbers

  /// Python reads the file by csv and the numbers by float: the same fields are numbers, but for leading
  /// zeros, underscores and names, and they are the same numbers.
  @Test func randomNumbersAreThoseOfPython() throws {
    var random = SeededGenerator(seed: runSeed)
    let alphabet = ["0", "1", "7", "9", ".", "+", "-", "e", "E", " ", "x", "00"]
    let fields = (0..<3_000).map { _ in
      (0..<(1 + random.below(7))).map { _ in alphabet[random.below(alphabet.count)] }.joined()
    }.filter { !$0.allSatisfy { $0 == " " } }
    let text = "v\n" + fields.joined(separator: "\n") + "\n"
    let file = try TemporaryFile(text, name: "numbers.csv")
    let program = """
      import csv, re, sys
      for row in list(csv.reader(open(sys.argv[1])))[1:]:
          text = row[0].strip(" ")
          try: number = float(text)
          except ValueError: number = None
          if re.match(r"[+-]?0[0-9]", text): number = None
          print("-" if number is None else float.hex(number))
      """
    let python = try outputOfPython(program, [file.path]).split(separator: "\n")
    let reading = try read(text, .csv)
    try #require(python.count == fields.count && reading.documents.count == fields.count)
    for (index, document) in reading.texts.enumerated() {
      let value = document.dropFirst(5).dropLast()
      let number = value.hasPrefix("\"") ? nil : Double(value)
      let wanted =
        python[index] == "-" ? nil : python[index] == "inf" ? .infinity : Double(python[index])
      #expect(number == wanted, "seed \(runSeed): \(fields[index]) is \(document)")
      let isJSON = (try? JSONSerialization.jsonObject(with: Data(document.utf8))) != nil
      #expect(isJSON || number?.isFinite == false, "seed \(runSeed): \(document)")
    }
  }

  private func outputOfPython(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  // MARK: Cuts

  /// How the bytes come in pieces changes nothing: no document, no refusal, no message.
  @Test func anyTextGivesTheSameInAnyPieces() throws {
    let words = [
      "a", "b", "1", "1,5", "1,234", "1,234.5", "0", "007", " ", ",", ";", ";", "\t", "\"", "\"\"",
      "\r", "\n", "\r\n", "\r\n", "\n\n", "#", "sep=;", "#datatype,string\n", ",result,table", "é",
    ]
    for round in 0..<200 {
      let seed = runSeed &+ UInt64(round)
      var random = SeededGenerator(seed: seed)
      let start = ["", "a;b\n", "a,b\r", "sep=;\ra;b\r", "#group,\n,result,table,a\n"][
        random.below(5)]
      let text =
        start + (0..<random.below(40)).map { _ in words[random.below(words.count)] }.joined()
      let whole = try read(text, .csv)
      for chunk in [1, 1 + random.below(9), 1 + random.below(60)] {
        let pieces = try read(text, .csv, chunk: chunk)
        let place = "seed \(seed), pieces of \(chunk): \(text.debugDescription)"
        #expect(pieces.documents == whole.documents, "\(place)")
        #expect(pieces.reasons == whole.reasons, "\(place)")
        #expect(pieces.refused == whole.refused, "\(place)")
        #expect(pieces.error?.problem == whole.error?.problem, "\(place)")
        #expect(pieces.note == whole.note, "\(place)")
      }
    }
  }

  // MARK: Encodings

  @Test(
    arguments: [
      (.utf16, "UTF-16", [0xFF, 0xFE]), (.utf16LittleEndian, "UTF-16LE", []),
      (.utf16BigEndian, "UTF-16BE", []), (.utf32LittleEndian, "UTF-32LE", []),
      (.utf32BigEndian, "UTF-32BE", []), (.utf16BigEndian, "UTF-16", [0xFE, 0xFF]),
      (.utf32LittleEndian, "UTF-32", [0xFF, 0xFE, 0, 0]),
      (.utf32BigEndian, "UTF-32", [0, 0, 0xFE, 0xFF]),
    ] as [(String.Encoding, String, [UInt8])])
  func otherEncodingsAreNamed(encoding: String.Encoding, name: String, mark: [UInt8]) throws {
    let texts = [(FileFormat.ndjson, "{\"a\":1}\n"), (.json, "[{}]"), (.csv, "a,b\n1,2\n")]
    for (format, text) in texts {
      let encoded = try #require(
        text.data(using: encoding == .utf16 ? .utf16LittleEndian : encoding))
      let reading = try read(mark + Array(encoded), format)
      #expect(reading.error?.kind == .notUTF8)
      #expect(reading.error?.problem == "the file is \(name)")
      #expect(reading.error?.advice.contains("iconv -f \(name) -t UTF-8") == true)
      #expect(reading.documents.isEmpty && reading.refused.isEmpty)
    }
  }
}
