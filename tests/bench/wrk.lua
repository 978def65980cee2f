-- What wrk sends and says. Arguments: "get" and a path, "cold" and a file of paths to go round, or "post" and a body with
-- @ where each request has a number of its own. The result is one line of JSON.
local kind, argument = nil, nil
local paths, number = {}, 0

function init(args)
   kind, argument = args[1], args[2]
   if kind == "cold" then
      for line in io.lines(argument) do paths[#paths + 1] = line end
      number = math.random(#paths)
   elseif kind == "post" then
      wrk.method, wrk.headers["Content-Type"] = "POST", "application/json"
      number = os.time() * 1000
   end
end

function request()
   number = number + 1
   if kind == "cold" then
      return wrk.format(nil, paths[number % #paths + 1] .. number)
   elseif kind == "post" then
      return wrk.format(nil, nil, nil, (string.gsub(argument, "@", tostring(number))))
   end
   return wrk.format()
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %.1f, "p95": %.1f, "p99": %.1f}\n',
      summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(95), latency:percentile(99)
   ))
end
