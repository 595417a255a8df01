import Bytes
import Language
import Model
import Query

extension StreamInfo {
  /// As `GET /v1/streams` has it.
  var json: [UInt8] {
    jsonObject { writer in
      writer.field("name", name)
      writer.field("events", events)
      writer.field("facts", facts)
      writer.field("late", late)
      writer.field("duplicates", duplicates)
      writer.field("rejected", rejected)
      writer.field("first_time", timeNs: timesNs?.lowerBound)
      writer.field("last_time", timeNs: timesNs?.upperBound)
      writer.field("watermark", timeNs: watermarkNs)
      writer.field("lateness_seconds", seconds: Double(latenessNs) / 1e9)
      writer.field("version", Int64(version))
      writer.field("statement", statement)
      writer.field(
        "fields",
        array: fields.map { field in
          jsonObject {
            $0.field("path", field.path.string)
            $0.field("kind", field.kind.rawValue)
            $0.field("has_column", field.hasColumn)
          }
        })
    }
  }
}

extension KpiInfo {
  /// As `GET /v1/kpis` has it.
  var json: [UInt8] {
    jsonObject { writer in
      writer.field("name", name)
      writer.field("version", Int64(version))
      writer.field("is_active", isActive)
      writer.field("stream", stream)
      writer.field("where", optional: filter?.canonicalText)
      writer.field("group_by", strings: groupBy.map(\.string))
      writer.field("dimensions", strings: dimensions.map(\.canonicalText))
      writer.field("every", "\(every)")
      writer.field("rolling", optional: rolling.map { "\($0)" })
      writer.field("time_zone", timeZone)
      writer.field("lateness_seconds", seconds: Double(latenessNs) / 1e9)
      writer.field("progress", progress ?? 1)
      writer.field("failure", optional: failure)
      writer.field("seq", seq)
      writer.field("statement", statement)
      writer.field("columns", array: items.map { $0.json(meanings[$0.name]) })
    }
  }
}

extension Item {
  /// A column of a KPI, and what it means.
  fileprivate func json(_ meaning: ColumnMeaning?) -> [UInt8] {
    jsonObject { writer in
      writer.field("name", name.string)
      writer.field("expression", expression.canonicalText)
      writer.field("unit", optional: meaning?.unit?.value)
      writer.field("better", optional: meaning?.better?.value.rawValue)
      if let target = meaning?.target {
        writer.field("target", target.value)
        if let band = target.band {
          writer.field("target_low", band.lowerBound)
          writer.field("target_high", band.upperBound)
        }
      }
    }
  }
}
