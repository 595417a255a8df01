import FileConnector
import Hummingbird
import Language
import Query
import Store

extension Problem {
  /// What a client is told of an error of the store, the language or the framework.
  init(_ error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let error as LanguageError:
      self.init(.queryText, error.issues.first?.message ?? "\(error)")
      places = error.places.map {
        Place(line: $0.line, column: $0.column, message: $0.issue.message, hint: $0.issue.hint)
      }
    case let error as QueryLimitError: self.init(.queryLimit, "\(error)")
    case let error as StatementError: self.init(.notDone, "\(error)")
    case let error as BodyError:
      self.init(error.kind == .member ? .tooLarge : .unreadableBody, "\(error)")
    case let error as BatchTooLargeError: self.init(.tooLarge, "\(error)")
    case is StreamNameError, is StreamDefinitionError, is SourceNameError, is ProgressError,
      is KpiError, is StreamAlterationError, is AutomationError, is KpiStatementError:
      self.init(.badRequest, "\(error)")
    case is UnknownStreamError, is UnknownKpiError: self.init(.notFound, "\(error)")
    case is StreamAlteredError, is StreamExistsError: self.init(.conflict, "\(error)")
    case let error as HTTPError: self.init(error)
    case is CancellationError:
      self.init(
        .stopping, "the server is stopping, and the statement was ended; ask again when it is back")
    case _ where Store.isFailureOfDisk(error):
      self.init(
        .diskFull,
        "what was sent could not be made durable: the disk is full or does not write; send it again later"
      )
      logged = "\(error)"
      retryAfterSeconds = 30
    case let error as EarlierCommitFailedError:
      // Of what has failed whoever brought it is told, and the log.
      self.init(
        .diskFull,
        "what came just before could not be made durable, so this was not either; send it again later"
      )
      logged = "\(error)"
      retryAfterSeconds = 1
    case let error as UnfinishedChangeError:
      // It is done all the same, and whoever did not hear of that would do it again.
      self.init(
        .failed,
        "\(error.done), but \(error.missing); \(error.remedy). The server's log says why")
      logged = "\(error)"
    case let error as DamageError:
      self.init(.failed, "what is stored is damaged: \(error)")
      logged = "\(error)"
    default:
      self.init(.failed, "the server's log says what happened, under the request's id")
      logged = "\(error)"
    }
  }

  /// An error of the framework.
  private init(_ error: HTTPError) {
    switch error.status {
    case .notFound: self.init(.notFound, "there is nothing at this path; GET / lists what there is")
    case .methodNotAllowed:
      self.init(.methodNotAllowed, error.body ?? "this path has other methods")
    case .contentTooLarge: self.init(.tooLarge, error.body ?? "the body is too large")
    case _ where error.status.code < 500:
      self.init(.badRequest, error.body ?? error.status.reasonPhrase)
    default:
      self.init(.failed, "the server's log says what happened, under the request's id")
      logged = "\(error)"
    }
  }
}
