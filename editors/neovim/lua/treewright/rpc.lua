-- Requests to the server, and the parts of an answer that come before it is complete.
local M = {}

--- Raised to the user, never thrown: what went wrong, in words.
--- @param text string
--- @param level integer?
function M.say(text, level)
  vim.notify('treewright: ' .. text, level or vim.log.levels.INFO)
end

--- The client attached to this buffer, else any running one.
--- @param buffer integer?
--- @return vim.lsp.Client?
function M.client(buffer)
  local attached = vim.lsp.get_clients({ name = 'treewright', bufnr = buffer or 0 })
  return attached[1] or vim.lsp.get_clients({ name = 'treewright' })[1]
end

--- Neovim holds changes back for a moment and sends only those of the buffer a request is about;
--- what we ask is about all of them.
--- @param client vim.lsp.Client
local function flush(client)
  local tracking = vim.lsp._changetracking
  if tracking and tracking.flush then
    for buffer in pairs(client.attached_buffers) do
      pcall(tracking.flush, client, buffer)
    end
  end
end

--- Requests that wait for an answer: after a crash of the server none will come.
--- @type table<integer, table<integer, fun(err: table?, result: any)>>
local waiting = {}

--- Ask the server. `done(err, result)` is called once, also when the server ends before it has
--- answered; without `done` an error is shown. Returns a function that cancels the request: then
--- `done` is not called.
--- @param method string
--- @param params table
--- @param done fun(err: table?, result: any)?
--- @param buffer integer?
--- @return fun()? cancel nil when no server runs
function M.request(method, params, done, buffer)
  local client = M.client(buffer)
  done = done or function(err)
    if err then
      M.say(err.message, vim.log.levels.ERROR)
    end
  end
  if not client then
    done({ message = 'no server is running here; :checkhealth treewright says why' })
    return nil
  end
  -- A real buffer number: with 0, text typed a moment ago would not reach the server first.
  buffer = (buffer and buffer ~= 0) and buffer or vim.api.nvim_get_current_buf()
  flush(client)
  local open = true
  local id --- @type integer?
  local function finish(err, result)
    if not open then
      return
    end
    open = false
    if id and waiting[client.id] then
      waiting[client.id][id] = nil
    end
    done(err, result)
  end
  local sent
  sent, id = client:request(method, params, finish, buffer)
  if not sent then
    finish({ message = 'the server has ended; :Treewright restart starts it again' })
    return nil
  end
  if id and open then
    waiting[client.id] = waiting[client.id] or {}
    waiting[client.id][id] = finish
  end
  return function()
    if open and id then
      open = false
      client:cancel_request(id)
    end
  end
end

--- The server of this client is gone: whoever waits is told.
--- @param client_id integer
function M.ended(client_id)
  local open = waiting[client_id] or {}
  waiting[client_id] = nil
  for _, finish in pairs(open) do
    finish({ message = 'the server ended before it had answered' })
  end
end

--- Run a server command; `done(result)` is called with its answer, errors are shown.
--- @param name string
--- @param argument table?
--- @param done fun(result: any)?
function M.execute(name, argument, done)
  local params = { command = name, arguments = argument and { argument } or {} }
  return M.request('workspace/executeCommand', params, function(err, result)
    if err then
      return M.say(err.message, vim.log.levels.ERROR)
    end
    if done then
      done(result)
    end
  end)
end

--- @type table<string, fun(part: table)>
local listeners = {}
local tokens = 0

--- A token for `partialResultToken`; `take` gets each part until `M.deaf(token)`.
--- @param take fun(part: table)
--- @return string
function M.listen(take)
  tokens = tokens + 1
  local token = ('treewright-nvim-%d-%d'):format(vim.uv.os_getpid(), tokens)
  listeners[token] = take
  return token
end

--- @param token string
function M.deaf(token)
  listeners[token] = nil
end

--- `$/progress`: parts of ours go to who waits for them, the rest is Neovim's.
function M.on_progress(err, params, ctx)
  local take = params and listeners[params.token]
  if take then
    return take(params.value)
  end
  return vim.lsp.handlers['$/progress'](err, params, ctx)
end

return M
