// Made of openapi.yaml: NILO_REWRITE=1 scripts/test --filter OpenAPITests
// swift-format-ignore-file

extension OpenAPI {
  /// `openapi.yaml`.
  static let yaml = #"""
openapi: 3.1.0
info:
  title: Nilometer
  version: 0.1.0
  license: {name: Apache-2.0, identifier: Apache-2.0}
  description: |
    An event-sourced KPI store. Events are appended as JSON, NDJSON or CSV and are durable when they are answered; statements
    of the query language are answered from cells or columns. docs/api.md has examples.
servers:
  - url: http://127.0.0.1:4280
security:
  - {}
  - bearer: []
  - basic: []
tags:
  - {name: events, description: Events in}
  - {name: queries, description: Statements of the query language}
  - {name: lists, description: What there is}
  - {name: influx, description: What clients of InfluxDB send and ask}
  - {name: operation, description: For whoever runs the server}
paths:
  /v1/streams/{stream}/events:
    post:
      operationId: appendEvents
      tags: [events]
      summary: Append documents; the stream is made by its first ones
      parameters:
        - {$ref: "#/components/parameters/stream"}
        - {name: source, in: query, description: "The source that the documents come from; http without it", schema: {type: string}}
        - {name: position, in: query, description: "How far the client has got with its source; needs source", schema: {type: string}}
        - {$ref: "#/components/parameters/idempotencyKey"}
        - {$ref: "#/components/parameters/contentEncoding"}
      requestBody:
        required: true
        content:
          application/json: {schema: {description: "A document, an array of documents, or several"}}
          application/x-ndjson: {schema: {type: string}}
          text/csv: {schema: {type: string}}
          text/tab-separated-values: {schema: {type: string}}
          text/plain: {schema: {type: string}}
      responses:
        "200":
          description: Something was stored, or known already
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Appended"}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "408": {$ref: "#/components/responses/TooSlow"}
        "409": {$ref: "#/components/responses/Conflict"}
        "413": {$ref: "#/components/responses/TooLarge"}
        "415": {$ref: "#/components/responses/MediaType"}
        "422": {$ref: "#/components/responses/Unprocessable"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "507": {$ref: "#/components/responses/DiskFull"}
  /v1/query:
    get:
      operationId: askByQueryString
      tags: [queries]
      summary: Ask a statement that changes nothing
      parameters:
        - {name: q, in: query, required: true, description: "One statement", schema: {type: string}}
        - {name: format, in: query, description: "The form of the answer, before what Accept says", schema: {$ref: "#/components/schemas/Format"}}
        - {name: time_zone, in: query, description: "The zone of buckets where neither the statement nor its KPI names one", schema: {type: string}}
        - {name: param, in: query, style: deepObject, description: "Parameters of the statement, param.NAME=value each", schema: {type: object}}
      responses:
        "200":
          description: The answer
          headers:
            X-Nilo-Summary: {description: "Rows, what answered, seconds, and as of which event: a dictionary of RFC 8941", schema: {type: string}}
          content:
            application/json: {schema: {$ref: "#/components/schemas/Answer"}}
            application/x-ndjson: {schema: {type: string}}
            text/csv: {schema: {type: string}}
            text/tab-separated-values: {schema: {type: string}}
            text/markdown: {schema: {type: string}}
            text/plain: {schema: {type: string}}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "404": {$ref: "#/components/responses/NotFound"}
        "405": {$ref: "#/components/responses/MethodNotAllowed"}
        "406": {$ref: "#/components/responses/NotAcceptable"}
        "409": {$ref: "#/components/responses/Conflict"}
        "422": {$ref: "#/components/responses/Unprocessable"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "507": {$ref: "#/components/responses/DiskFull"}
    post:
      operationId: ask
      tags: [queries]
      summary: Run a statement
      parameters:
        - {name: format, in: query, description: "The form of the answer, before what Accept says", schema: {$ref: "#/components/schemas/Format"}}
        - {name: time_zone, in: query, description: "The zone of buckets where neither the statement nor its KPI names one", schema: {type: string}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [query]
              additionalProperties: false
              properties:
                query: {type: string}
                params: {type: object, additionalProperties: {type: [string, number, boolean, "null"]}}
                format: {$ref: "#/components/schemas/Format"}
                time_zone: {type: string}
          text/plain: {schema: {type: string}}
      responses:
        "200":
          description: The answer
          headers:
            X-Nilo-Summary: {description: "Rows, what answered, seconds, and as of which event: a dictionary of RFC 8941", schema: {type: string}}
          content:
            application/json: {schema: {$ref: "#/components/schemas/Answer"}}
            application/x-ndjson: {schema: {type: string}}
            text/csv: {schema: {type: string}}
            text/tab-separated-values: {schema: {type: string}}
            text/markdown: {schema: {type: string}}
            text/plain: {schema: {type: string}}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "404": {$ref: "#/components/responses/NotFound"}
        "406": {$ref: "#/components/responses/NotAcceptable"}
        "408": {$ref: "#/components/responses/TooSlow"}
        "409": {$ref: "#/components/responses/Conflict"}
        "413": {$ref: "#/components/responses/TooLarge"}
        "422": {$ref: "#/components/responses/Unprocessable"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "507": {$ref: "#/components/responses/DiskFull"}
  /v1/subscribe:
    get:
      operationId: subscribe
      tags: [queries]
      summary: Rows of a KPI or a query as they change, as server-sent events
      parameters:
        - {name: kpi, in: query, description: "The KPI that is followed", schema: {type: string}}
        - {name: query, in: query, description: "Or a SELECT", schema: {type: string}}
        - {name: group, in: query, style: deepObject, description: "Rows of these groups of the KPI, group.FIELD=VALUE each", schema: {type: object}}
        - {name: time_zone, in: query, description: "Of a query that names none", schema: {type: string}}
        - {name: after, in: query, description: "The event up to which the client knows all; now without it", schema: {type: integer, minimum: 0}}
        - {name: Last-Event-ID, in: header, description: "The same, as event sources say it", schema: {type: string}}
      responses:
        "200":
          description: Events until the client leaves
          content:
            text/event-stream: {schema: {type: string}}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "404": {$ref: "#/components/responses/NotFound"}
        "422": {$ref: "#/components/responses/Unprocessable"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
  /v1/streams:
    get:
      operationId: listStreams
      tags: [lists]
      summary: Streams, by name
      parameters:
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Streams"}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
  /v1/streams/{stream}:
    get:
      operationId: getStream
      tags: [lists]
      summary: A stream
      parameters:
        - {$ref: "#/components/parameters/stream"}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Stream"}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "404": {$ref: "#/components/responses/NotFound"}
  /v1/kpis:
    get:
      operationId: listKpis
      tags: [lists]
      summary: KPIs, by name
      parameters:
        - {name: versions, in: query, description: "The active version of each, or all", schema: {type: string, enum: [active, all]}}
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Kpis"}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
  /v1/kpis/{kpi}:
    get:
      operationId: getKpi
      tags: [lists]
      summary: All versions of a KPI
      parameters:
        - {$ref: "#/components/parameters/kpi"}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {$ref: "#/components/schemas/KpiVersions"}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "404": {$ref: "#/components/responses/NotFound"}
  /v1/kpis/{kpi}/rows:
    get:
      operationId: getRows
      tags: [lists]
      summary: Rows of a KPI, all pages of one state of the log
      parameters:
        - {$ref: "#/components/parameters/kpi"}
        - {$ref: "#/components/parameters/since"}
        - {$ref: "#/components/parameters/until"}
        - {name: group, in: query, style: deepObject, description: "Rows of these groups, group.FIELD=VALUE each; without a value those that have none", schema: {type: object}}
        - {name: version, in: query, description: "A version of the KPI; else the active one", schema: {type: integer, minimum: 1}}
        - {name: format, in: query, description: "The form of the answer, before what Accept says", schema: {$ref: "#/components/schemas/Format"}}
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
      responses:
        "200":
          description: The answer
          headers:
            X-Nilo-Summary: {description: "Rows, what answered, seconds, and as of which event: a dictionary of RFC 8941", schema: {type: string}}
            X-Nilo-Next: {description: "The cursor of the next page; absent with the last one", schema: {type: string}}
            Link: {description: "The next page, as RFC 8288 has it", schema: {type: string}}
          content:
            application/json: {schema: {$ref: "#/components/schemas/Answer"}}
            application/x-ndjson: {schema: {type: string}}
            text/csv: {schema: {type: string}}
            text/tab-separated-values: {schema: {type: string}}
            text/markdown: {schema: {type: string}}
            text/plain: {schema: {type: string}}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "404": {$ref: "#/components/responses/NotFound"}
        "406": {$ref: "#/components/responses/NotAcceptable"}
        "422": {$ref: "#/components/responses/Unprocessable"}
  /kpis/{timestamp}:
    get:
      operationId: getMoment
      tags: [lists]
      summary: What all KPIs have of a moment, and with exact the averages of facts of exactly that time
      parameters:
        - {name: timestamp, in: path, required: true, description: "RFC 3339, a date, or seconds or milliseconds since 1970", schema: {type: string}}
        - {name: exact, in: query, description: "Also averages of facts", schema: {type: boolean}}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Moment"}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "404": {$ref: "#/components/responses/NotFound"}
        "422": {$ref: "#/components/responses/Unprocessable"}
  /v1/ledger:
    get:
      operationId: listLedger
      tags: [lists]
      summary: What was late, came twice, was rejected, or is ahead
      parameters:
        - {name: kind, in: query, description: "Entries of this kind", schema: {type: string, enum: [rejected, duplicate, late, ahead]}}
        - {name: stream, in: query, description: "Entries of this stream", schema: {type: string}}
        - {$ref: "#/components/parameters/since"}
        - {$ref: "#/components/parameters/until"}
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Ledger"}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
  /v1/sources:
    get:
      operationId: listSources
      tags: [lists]
      summary: Who brings events, and how far each has got
      parameters:
        - {name: stream, in: query, description: "Sources of this stream", schema: {type: string}}
        - {$ref: "#/components/parameters/limit"}
        - {$ref: "#/components/parameters/cursor"}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Sources"}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "404": {$ref: "#/components/responses/NotFound"}
  /v1/schedules:
    get:
      operationId: listSchedules
      tags: [lists]
      summary: "Schedules: what each did last, and when it is due"
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object, required: [schedules, as_of_seq], properties: {schedules: {type: array, items: {type: object, required: [name, statement], properties: {name: {type: string}, statement: {type: string}}}}, as_of_seq: {type: integer}}}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
  /v1/alerts:
    get:
      operationId: listAlerts
      tags: [lists]
      summary: "Alerts, and what each has found"
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object, required: [alerts, as_of_seq], properties: {alerts: {type: array, items: {type: object, required: [name, statement], properties: {name: {type: string}, statement: {type: string}}}}, as_of_seq: {type: integer}}}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
  /v1/events/{seq}:
    get:
      operationId: getEvent
      tags: [lists]
      summary: A document as it came in
      parameters:
        - {$ref: "#/components/parameters/seq"}
      responses:
        "200":
          description: The document, byte for byte
          headers:
            X-Nilo-Stream: {schema: {type: string}}
            X-Nilo-Received: {schema: {type: string}}
          content:
            application/json: {schema: {type: object}}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "404": {$ref: "#/components/responses/NotFound"}
  /v1/lines/{seq}:
    get:
      operationId: getLine
      tags: [lists]
      summary: The line of InfluxDB's protocol that an event came as
      parameters:
        - {$ref: "#/components/parameters/seq"}
      responses:
        "200": {description: The line, content: {text/plain: {schema: {type: string}}}}
        "400": {$ref: "#/components/responses/BadRequest"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
        "404": {$ref: "#/components/responses/NotFound"}
  /write:
    post:
      operationId: write1
      tags: [influx]
      summary: Write lines (InfluxDB 1)
      parameters:
        - {name: db, in: query, required: true, description: "The database, which needs not be made", schema: {type: string}}
        - {name: precision, in: query, description: "The unit of timestamps", schema: {type: string}}
      requestBody:
        required: true
        content:
          text/plain: {schema: {type: string}}
      responses:
        "204": {description: All lines are durable}
        "400": {$ref: "#/components/responses/Influx"}
        "401": {$ref: "#/components/responses/Influx"}
        "403": {$ref: "#/components/responses/Influx"}
        "404": {$ref: "#/components/responses/Influx"}
        "413": {$ref: "#/components/responses/Influx"}
        "415": {$ref: "#/components/responses/Influx"}
        "500": {$ref: "#/components/responses/Influx"}
        "503": {$ref: "#/components/responses/Influx"}
  /query:
    get:
      operationId: query1
      tags: [influx]
      summary: SHOW DATABASES and the like (InfluxDB 1)
      parameters:
        - {name: q, in: query, required: true, schema: {type: string}}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object}
        "400": {$ref: "#/components/responses/Influx"}
        "401": {$ref: "#/components/responses/Influx"}
        "403": {$ref: "#/components/responses/Influx"}
        "404": {$ref: "#/components/responses/Influx"}
        "413": {$ref: "#/components/responses/Influx"}
        "415": {$ref: "#/components/responses/Influx"}
        "500": {$ref: "#/components/responses/Influx"}
        "503": {$ref: "#/components/responses/Influx"}
    post:
      operationId: query1ByForm
      tags: [influx]
      summary: SHOW DATABASES and the like (InfluxDB 1)
      parameters:
        - {name: q, in: query, schema: {type: string}}
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, properties: {q: {type: string}}}
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object}
        "400": {$ref: "#/components/responses/Influx"}
        "401": {$ref: "#/components/responses/Influx"}
        "403": {$ref: "#/components/responses/Influx"}
        "404": {$ref: "#/components/responses/Influx"}
        "413": {$ref: "#/components/responses/Influx"}
        "415": {$ref: "#/components/responses/Influx"}
        "500": {$ref: "#/components/responses/Influx"}
        "503": {$ref: "#/components/responses/Influx"}
  /ping:
    get:
      operationId: ping
      tags: [influx]
      summary: Whether the server is there
      parameters:
        - {name: verbose, in: query, description: "Answer 200 with the version", schema: {type: string}}
      responses:
        "204": {description: It is}
        "200":
          description: It is, with its version, where verbose=true asks for it
          content:
            application/json:
              schema: {type: object}
        "500": {$ref: "#/components/responses/Influx"}
        "503": {$ref: "#/components/responses/Influx"}
  /health:
    get:
      operationId: health
      tags: [influx]
      summary: Whether the store answers (InfluxDB 2)
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object}
        "429": {$ref: "#/components/responses/Influx"}
        "500": {$ref: "#/components/responses/Influx"}
        "503": {$ref: "#/components/responses/Influx"}
  /ready:
    get:
      operationId: ready
      tags: [influx]
      summary: Whether the store answers (InfluxDB 2)
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object}
        "429": {$ref: "#/components/responses/Influx"}
        "500": {$ref: "#/components/responses/Influx"}
        "503": {$ref: "#/components/responses/Influx"}
  /api/v2/write:
    post:
      operationId: write2
      tags: [influx]
      summary: Write lines (InfluxDB 2)
      parameters:
        - {name: bucket, in: query, required: true, schema: {type: string}}
        - {name: precision, in: query, description: "The unit of timestamps", schema: {type: string}}
      requestBody:
        required: true
        content:
          text/plain: {schema: {type: string}}
      responses:
        "204": {description: All lines are durable}
        "400": {$ref: "#/components/responses/Influx"}
        "401": {$ref: "#/components/responses/Influx"}
        "403": {$ref: "#/components/responses/Influx"}
        "404": {$ref: "#/components/responses/Influx"}
        "413": {$ref: "#/components/responses/Influx"}
        "415": {$ref: "#/components/responses/Influx"}
        "500": {$ref: "#/components/responses/Influx"}
        "503": {$ref: "#/components/responses/Influx"}
  /api/v3/write_lp:
    post:
      operationId: write3
      tags: [influx]
      summary: Write lines (InfluxDB 3)
      parameters:
        - {name: db, in: query, required: true, description: "The database, which needs not be made", schema: {type: string}}
        - {name: precision, in: query, description: "The unit of timestamps", schema: {type: string}}
        - {name: accept_partial, in: query, description: "false stores all lines or none", schema: {type: boolean}}
      requestBody:
        required: true
        content:
          text/plain: {schema: {type: string}}
      responses:
        "204": {description: All lines are durable}
        "400": {$ref: "#/components/responses/Influx"}
        "401": {$ref: "#/components/responses/Influx"}
        "403": {$ref: "#/components/responses/Influx"}
        "404": {$ref: "#/components/responses/Influx"}
        "413": {$ref: "#/components/responses/Influx"}
        "415": {$ref: "#/components/responses/Influx"}
        "500": {$ref: "#/components/responses/Influx"}
        "503": {$ref: "#/components/responses/Influx"}
  /metrics:
    get:
      operationId: metrics
      tags: [operation]
      summary: Figures for Prometheus
      responses:
        "200": {description: As asked, content: {text/plain: {schema: {type: string}}}}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
  /:
    get:
      operationId: index
      tags: [operation]
      summary: What there is
      responses:
        "200": {description: As asked, content: {text/plain: {schema: {type: string}}}}
        "500": {$ref: "#/components/responses/Failed"}
  /-/healthy:
    get:
      operationId: healthy
      tags: [operation]
      summary: 200 while the program answers
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object, required: [status], properties: {status: {const: healthy}}}
        "500": {$ref: "#/components/responses/Failed"}
  /-/ready:
    get:
      operationId: isReady
      tags: [operation]
      summary: 200 while the store answers
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object, required: [status, last_seq], properties: {status: {const: ready}, last_seq: {type: integer}}}
        "429": {$ref: "#/components/responses/TooBusy"}
        "500": {$ref: "#/components/responses/Failed"}
        "503": {$ref: "#/components/responses/Stopping"}
  /openapi.json:
    get:
      operationId: openapi
      tags: [operation]
      summary: This description
      responses:
        "200":
          description: As asked
          content:
            application/json:
              schema: {type: object}
        "500": {$ref: "#/components/responses/Failed"}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer, description: "A token of nilo token create, or a JSON Web Token"}
    basic: {type: http, scheme: basic, description: "The token as the password, for clients of InfluxDB 1"}
  parameters:
    stream: {name: stream, in: path, required: true, schema: {type: string, minLength: 1}}
    kpi: {name: kpi, in: path, required: true, schema: {type: string, minLength: 1}}
    seq: {name: seq, in: path, required: true, description: The event's number in the log, schema: {type: integer, minimum: 1}}
    since: {name: since, in: query, description: "From this time on: RFC 3339, a date, or seconds or milliseconds since 1970", schema: {type: string}}
    until: {name: until, in: query, description: "Before this time", schema: {type: string}}
    limit: {name: limit, in: query, description: Entries of a page, schema: {type: integer, minimum: 1, maximum: 1000, default: 100}}
    cursor: {name: cursor, in: query, description: What the answer before gave as next, schema: {type: string}}
    idempotencyKey: {name: Idempotency-Key, in: header, description: "The same request with the same key is stored once", schema: {type: string, pattern: "^[!-~]{1,255}$"}}
    contentEncoding: {name: Content-Encoding, in: header, schema: {type: string, enum: [gzip, zstd, identity]}}
  responses:
    BadRequest:
      description: The request, its body or its statement cannot be understood
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    Unauthorized:
      description: A token is needed
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    Forbidden:
      description: The token does not permit it
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    NotFound:
      description: There is no such thing
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    MethodNotAllowed:
      description: The method is not for this path, or for this statement
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    NotAcceptable:
      description: No form that the client takes
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    TooSlow:
      description: The request took too long to arrive
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    Conflict:
      description: It contradicts what is there, or the same request is being answered
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    TooLarge:
      description: The request is too large
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    MediaType:
      description: The body's type is not known
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    Unprocessable:
      description: No document is an event, the key is of another request, or the statement cannot be done or needs more than it may take
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        application/json: {schema: {$ref: "#/components/schemas/Appended"}}
    TooBusy:
      description: The server has too much to do
      headers: {Retry-After: {schema: {type: integer}}}
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    Failed:
      description: The server failed
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    Stopping:
      description: The server is stopping
      headers: {Retry-After: {schema: {type: integer}}}
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    DiskFull:
      description: The disk is full or does not write
      headers: {Retry-After: {schema: {type: integer}}}
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
    Influx:
      description: An error as clients of InfluxDB read it
      content:
        application/json:
          schema: {type: object, properties: {error: {type: string}, code: {type: string}, message: {type: string}}}
  schemas:
    Format: {type: string, enum: [json, ndjson, csv, tsv, markdown, table, vertical]}
    Problem:
      description: Problem details of RFC 9457
      type: object
      required: [type, title, status, detail]
      properties:
        type:
          description: The kind, after urn:nilometer:problem and a colon
          type: string
          enum:
            - urn:nilometer:problem:bad-request
            - urn:nilometer:problem:unreadable-body
            - urn:nilometer:problem:query-text
            - urn:nilometer:problem:query-limit
            - urn:nilometer:problem:not-done
            - urn:nilometer:problem:rejected
            - urn:nilometer:problem:idempotency
            - urn:nilometer:problem:unauthorized
            - urn:nilometer:problem:forbidden
            - urn:nilometer:problem:not-found
            - urn:nilometer:problem:method-not-allowed
            - urn:nilometer:problem:not-acceptable
            - urn:nilometer:problem:too-slow
            - urn:nilometer:problem:conflict
            - urn:nilometer:problem:too-large
            - urn:nilometer:problem:media-type
            - urn:nilometer:problem:too-busy
            - urn:nilometer:problem:failed
            - urn:nilometer:problem:disk-full
            - urn:nilometer:problem:stopping
        title: {type: string}
        status: {type: integer}
        detail: {type: string, description: What is wrong and what to do}
        line: {type: integer}
        column: {type: integer}
        hint: {type: string}
        errors: {type: array, items: {type: object}}
    Appended:
      type: object
      required: [accepted, duplicate_count, duplicates, rejected_count, rejected, late, first_seq, last_seq]
      properties:
        accepted: {type: integer}
        duplicate_count: {type: integer}
        duplicates: {type: array, maxItems: 1000, items: {type: object, required: [index, seq], properties: {index: {type: integer}, seq: {type: integer}}}}
        rejected_count: {type: integer}
        rejected: {type: array, maxItems: 1000, items: {type: object, required: [index, reason], properties: {index: {type: integer}, reason: {type: string}}}}
        late: {type: integer}
        first_seq: {type: [integer, "null"]}
        last_seq: {type: [integer, "null"]}
    Answer:
      type: object
      required: [columns, rows, meta]
      properties:
        columns:
          type: array
          items: {type: object, required: [name, type], properties: {name: {type: string}, type: {type: string}, error_bound: {type: string}}}
        rows: {type: array, items: {type: array}}
        meta: {type: object}
        message: {type: string}
    Stream:
      type: object
      required: [name, events, facts, statement, fields]
      properties: {name: {type: string}, events: {type: integer}, facts: {type: integer}, statement: {type: string}, fields: {type: array, items: {type: object}}}
    Streams:
      type: object
      required: [streams, as_of_seq, next]
      properties: {streams: {type: array, items: {$ref: "#/components/schemas/Stream"}}, as_of_seq: {type: integer}, next: {type: [string, "null"]}}
    Kpi:
      type: object
      required: [name, version, is_active, stream, statement]
      properties: {name: {type: string}, version: {type: integer}, is_active: {type: boolean}, stream: {type: string}, statement: {type: string}}
    Kpis:
      type: object
      required: [kpis, as_of_seq, next]
      properties: {kpis: {type: array, items: {$ref: "#/components/schemas/Kpi"}}, as_of_seq: {type: integer}, next: {type: [string, "null"]}}
    KpiVersions:
      type: object
      required: [name, versions]
      properties: {name: {type: string}, versions: {type: array, items: {$ref: "#/components/schemas/Kpi"}}}
    Moment:
      type: object
      required: [time, as_of_seq, kpis]
      properties:
        time: {type: string, format: date-time}
        as_of_seq: {type: integer}
        kpis:
          type: array
          items:
            type: object
            required: [name, version, bucket_start, bucket_end, answer]
            properties: {name: {type: string}, version: {type: integer}, bucket_start: {type: string}, bucket_end: {type: string}, answer: {$ref: "#/components/schemas/Answer"}}
        streams:
          type: array
          items:
            type: object
            required: [stream, facts, averages]
            properties: {stream: {type: string}, facts: {type: integer}, averages: {type: object, additionalProperties: {type: number}}}
    Ledger:
      type: object
      required: [entries, next]
      properties:
        entries:
          type: array
          items: {type: object, required: [kind, stream, source, received], properties: {kind: {type: string}, stream: {type: string}, source: {type: string}, received: {type: string}}}
        next: {type: [string, "null"]}
    Sources:
      type: object
      required: [sources, next]
      properties:
        sources:
          type: array
          items: {type: object, required: [stream, source, is_open, events, watermark, last_received], properties: {stream: {type: string}, source: {type: string}, is_open: {type: boolean}, events: {type: integer}, watermark: {type: [string, "null"]}, last_received: {type: string}, position: {type: string}, position_base64: {type: string}, position_noted: {type: string}}}
        next: {type: [string, "null"]}

"""#
}
