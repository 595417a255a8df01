import Foundation
import Testing

@testable import Curl
@testable import HTTPConnector

/// What the headers of answers say.
@Suite struct HeaderTests {
  @Test(
    arguments: [
      ("120", 120), ("0", 0), ("Wed, 21 Oct 2015 07:28:10 GMT", 10),
      ("Wednesday, 21-Oct-15 07:28:10 GMT", 10), ("Wed Oct 21 07:28:10 2015", 10),
      ("Wed, 21 Oct 2015 07:27:00 GMT", 0), ("99999999999", 86_400), ("", nil), ("-1", nil),
      ("soon", nil), ("1.5", nil),
    ] as [(String, Int64?)])
  func retryAfter(_ text: String, _ seconds: Int64?) {
    // 2015-10-21T07:28:00Z
    let pauseNs = RetryAfter.pauseNs(text, nowNs: 1_445_412_480_000_000_000)
    #expect(pauseNs == seconds.map { $0 * 1_000_000_000 })
  }

  @Test(
    arguments: [
      (#"<https://x/?p=2>; rel="next""#, "https://x/?p=2"),
      (#"</a?b=1,2>; rel=prev, </c>; title="next, or; not"; rel="last next""#, "/c"),
      (#"<a>; REL=NEXT"#, "a"), (#"<a>; rel="prev""#, nil), ("nothing", nil), ("<a", nil),
      (#"<a>, <b>;rel=next"#, "b"),
    ] as [(String, String?)])
  func links(_ text: String, _ next: String?) {
    var head = HTTPHead()
    head.headers = [("Link", text)]
    #expect(LinkHeader.target("next", in: head) == next)
  }
}
