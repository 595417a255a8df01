import Foundation
import Language

extension SourceKind {
  /// What answers and news are sent to by POST. Its URL, headers and parameters may be references, so that no secret of a receiver
  /// stands in a statement.
  public static let webhook = SourceKind(
    "webhook", isTarget: true, [Option("url", .text, isRequired: true, form: urlForm)],
    families: ["header", "query"])

  private static let urlForm: (words: String, isMet: @Sendable (String) -> Bool) = (
    "a URL of http or https without a user, such as 'https://example.com/in'",
    { url(of: $0) != nil }
  )

  /// The URL of a webhook, if the text is one.
  public static func url(of text: String) -> URL? {
    guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased()),
      url.host?.isEmpty == false, url.user == nil
    else { return nil }
    return url
  }

  /// Why a new definition may not have a target, though an older one that does goes on: a secret stands in its URL, where
  /// everybody reads it who may see the definition, and the log.
  static func issue(withNewTarget call: TargetCall) -> LanguageError.Issue? {
    guard call.kind == webhook.name else { return nil }
    let (text, span) =
      call.options.first { $0.name.path.string == "url" }.flatMap { option in
        option.value.texts?.first.map { ($0, option.span) }
      } ?? (call.argument.value, call.argument.span)
    guard let name = SecretNames.secret(inURL: text), name != "password" else { return nil }
    return LanguageError.Issue(
      span, "\(name) in the URL looks like a secret, which would stand in the log for good",
      hint: "write webhook(url '...', query.\(name) env('NAME')), or url env('NAME') for all of it")
  }
}
