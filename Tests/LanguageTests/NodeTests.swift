import Language
import Testing

@Suite struct NodeTests {
  @Test func tree() throws {
    let items = try Parser.items(
      "COUNT(* where status = 'down') / count(*) as share, percentile(t.v, 99.9) - -2")
    #expect(
      items == [
        Item(
          .binary(
            .divide,
            .aggregate(
              Aggregate(
                .count, nil, filter: .compare(FieldPath("status"), .eq, .string("down")))),
            .aggregate(Aggregate(.count, nil))), alias: "share"),
        Item(
          .binary(
            .subtract, .aggregate(Aggregate(.percentile(99.9), FieldPath("t.v"))),
            .negate(.number(2)))),
      ])
    #expect(items.map(\.name) == ["share", "percentile(t.v, 99.9) - -2"])
  }

  @Test func spans() throws {
    let text = "sum(a) , 1 + top(b.\"c\", 3)  AS x"
    func slice(_ span: TextSpan) -> String {
      String(decoding: Array(text.utf8)[span.start..<span.end], as: UTF8.self)
    }
    let items = try Parser.items(text)
    #expect(items.map { slice($0.span) } == ["sum(a)", "1 + top(b.\"c\", 3)  AS x"])
    guard case .binary(_, _, .aggregate(let top)) = items[1].expression else {
      Issue.record("not a sum")
      return
    }
    #expect(slice(top.span) == "top(b.\"c\", 3)")
    #expect(top.argument.map { slice($0.span) } == "b.\"c\"")
    #expect(top.argument?.path == "b.c")
  }

  @Test func statements() throws {
    let text = " SELECT a FROM b SINCE 1h ago ;; show late LIMIT 3 -- end"
    func slice(_ span: TextSpan) -> String {
      String(decoding: Array(text.utf8)[span.start..<span.end], as: UTF8.self)
    }
    let statements = try Parser.statements(text)
    #expect(statements.map(\.text) == ["SELECT a FROM b SINCE 1h ago", "show late LIMIT 3"])
    #expect(statements.map { slice($0.span) } == statements.map(\.text))
    guard case .select(let select) = statements[0].body,
      case .bounds(let since?, nil) = select.range
    else {
      Issue.record("not a query with SINCE")
      return
    }
    #expect(slice(since.span) == "1h ago")
    #expect(slice(select.from.span) == "b")
    #expect(since == TimeExpression(.ago(TimeLength(1, .hour))))
    #expect(
      statements[1].body == .show(Show(.late, limit: Limit(3))))
  }

  /// The whole expression, also when it begins within a parenthesis.
  @Test func spansOfExpressions() throws {
    let text = "SELECT 1 + (abs(a) - $b) * 2 FROM c"
    guard case .select(let select) = try Parser.statements(text)[0].body,
      case .item(let item) = select.items[0], let span = item.expression.span
    else {
      Issue.record("not a query")
      return
    }
    #expect(
      String(decoding: Array(text.utf8)[span.start..<span.end], as: UTF8.self) == "abs(a) - $b")
  }

  @Test func precedence() throws {
    #expect(
      try Parser.predicate("a = 1 OR NOT b = 2 AND 3 < c")
        == .or(
          .compare(FieldPath("a"), .eq, .number(1, text: "1")),
          .and(
            .not(.compare(FieldPath("b"), .eq, .number(2, text: "2"))),
            .compare(FieldPath("c"), .gt, .number(3, text: "3")))))
    #expect(
      try Parser.items("-1 + 2 * 3")[0].expression
        == .binary(.add, .negate(.number(1)), .binary(.multiply, .number(2), .number(3))))
  }
}
