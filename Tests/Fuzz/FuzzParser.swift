/// What libFuzzer calls with each text it makes up. Built by `scripts/fuzz` as one module with the
/// sources of Language.
///
/// Whatever the bytes, the parser comes back; what it accepts is read again from its canonical text
/// as the same statements, and the canonical text is its own.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzParser(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let text = unsafe String(
    decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  do {
    check(try Parser.statements(text))
  } catch {
    precondition(!error.issues.isEmpty && !error.description.isEmpty)
  }
  _ = try? Parser.items(text)
  _ = try? Parser.predicate(text)
  return 0
}

private func check(_ statements: [Statement]) {
  let canonical = statements.map(\.canonicalText).joined(separator: "; ")
  do {
    let again = try Parser.statements(canonical)
    precondition(again == statements, "another tree: \(canonical)")
    let twice = again.map(\.canonicalText).joined(separator: "; ")
    precondition(twice.utf8.elementsEqual(canonical.utf8), "another text: \(canonical)")
  } catch {
    // The parentheses of the canonical text may be one level too many.
    precondition(
      error.issues.allSatisfy { $0.message.contains("the limit is") }, "\(canonical)\n\(error)")
  }
}
