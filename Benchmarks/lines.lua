-- For wrk: sends each line of a file as a request of its own, once, and prints what came of it as a line of JSON.
-- usage: wrk -t1 -c64 -d4s -s lines.lua http://127.0.0.1:4280 -- FILE
local requests = {}
local sent = 0

function init(args)
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", "/v1/streams/fleet/events", nil, line)
  end
end

function request()
  sent = sent + 1
  return requests[sent] or error("all lines were sent; write more of them")
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format('{"requests":%d,"seconds":%.6f,"p99_ms":%.3f,"errors":%d}', summary.requests,
    summary.duration / 1e6, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
