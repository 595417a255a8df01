"""Made-up bodies of media types that schemathesis does not know are bytes."""

import schemathesis

schemathesis.serializer.alias("application/x-protobuf", "application/octet-stream")
