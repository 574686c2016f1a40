-- The workloads on Lua's coroutines. Usage: KIND N M MILLISECONDS; prints a line `ns number`.
local kind, n, m, millis = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
n, m = math.tointeger(n), math.tointeger(m)

-- The stopwatch of src/meter.rs. os.clock is CPU time, which is the same here: nothing waits.
local function measure(one_by_one, work)
  local budget, runs, warm, spent, samples = millis / 1e3, 1, false, 0, {}
  repeat
    local took = work(runs)
    spent = spent + took
    if warm then
      samples[#samples + 1] = took * 1e9 / runs
    else
      local long_enough = took * 16 >= budget
      if not long_enough and not one_by_one then runs = runs * 2 end
      if (long_enough or one_by_one) and spent * 4 >= budget then warm, spent = true, 0 end
    end
  until warm and #samples > 0 and spent >= budget
  table.sort(samples)
  print("ns", samples[#samples // 2 + 1])
end

local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield

if kind == "resume" then
  local generators = {}
  for i = 1, n do
    generators[i] = create(function(x)
      while true do x = yield(x + 1) end
    end)
  end
  local x = 0
  measure(false, function(runs)
    local began = os.clock()
    local only = generators[1]
    if n == 1 then
      for _ = 1, runs do _, x = resume(only, x) end
    else
      for _ = 1, runs do
        for i = 1, n do _, x = resume(generators[i], x) end
      end
    end
    return os.clock() - began
  end)
elseif kind == "nested-coroutines" then
  local function nested(depth, x)
    if depth == 0 then return x + 1 end
    return nested(depth - 1, x) + 1
  end
  measure(false, function(runs)
    local began = os.clock()
    for _ = 1, runs do nested(n - 1, 7) end
    return os.clock() - began
  end)
elseif kind == "sequential-coroutines" then
  local function trivial(x) return x + 1 end
  measure(false, function(runs)
    local began = os.clock()
    for _ = 1, runs do
      local x = 0
      for _ = 1, n do x = trivial(x) end
    end
    return os.clock() - began
  end)
elseif kind == "yield" then
  measure(true, function()
    local tasks = {}
    for i = 1, n do
      tasks[i] = create(function()
        local x = i
        for _ = 1, m + 1 do
          yield(true)
          x = x + 1
        end
        return false
      end)
      resume(tasks[i])
    end
    -- The smallest loop one would write: a ring of tasks, front to back.
    local began = os.clock()
    local front, back = 1, n
    while front <= back do
      local task = tasks[front]
      tasks[front] = nil
      front = front + 1
      local _, more = resume(task)
      if more then
        back = back + 1
        tasks[back] = task
      end
    end
    return os.clock() - began
  end)
else
  error("no such kind: " .. kind)
end
