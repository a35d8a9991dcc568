-- :Treewright <subcommand> …; each is one row of `M.commands`, its module loaded when it is used.
local rpc = require('treewright.rpc')

local M = {}

M.client = rpc.client

--- Run a server command; `done(result)` is called with its answer, errors are shown.
function M.execute(name, argument, done)
  return rpc.execute(name, argument, done)
end

--- A few words for 'statusline': `%{%v:lua.require'treewright'.statusline()%}`.
--- @return string
function M.statusline()
  return require('treewright.status').line()
end

local function inline(name, ...)
  local given = { ... }
  return function()
    require('treewright.inline')[name](unpack(given))
  end
end

--- What a request without words is about.
local function subject(command)
  if command and command.range and command.range > 0 then
    return 'the selection'
  end
  local word = vim.fn.expand('<cword>')
  return word ~= '' and ('`%s`'):format(word) or 'this file'
end

--- Say something in the chat: the words given, else those of `default(command)`.
local function say(mode, default)
  return function(words, command)
    local spoken = table.concat(words, ' ')
    if default then
      spoken = spoken == '' and default(command) or default(command, spoken)
    end
    require('treewright.chat').open(spoken, mode, command)
  end
end

--- The same, asked for when no words are given.
local function ask_first(prompt, mode)
  return function(words, command)
    if #words > 0 then
      return say(mode)(words, command)
    end
    vim.ui.input({ prompt = prompt }, function(given)
      if given and vim.trim(given) ~= '' then
        say(mode)({ given }, command)
      end
    end)
  end
end

local FORMATS = { 'messages', 'prompt_completion', 'alpaca', 'sharegpt', 'dpo', 'kto', 'next_edit' }

--- @type table<string, fun(words: string[], command: table)>
M.commands = {
  -- asking
  ask = say('ask'),
  chat = say('ask'),
  explain = say('ask', function(command, words)
    return 'Explain ' .. (words or subject(command))
  end),
  task = ask_first('What should be done? ', 'task'),
  refactor = ask_first('What should change in the workspace? ', 'task'),
  tests = say('task', function(command, words)
    return 'Write tests for ' .. (words or subject(command))
  end),
  send = function()
    require('treewright.chat').send()
  end,
  context = function(words, command)
    require('treewright.chat').add_context(words, command)
  end,
  new = function()
    require('treewright.chat').new()
  end,
  history = function()
    require('treewright.chat').history()
  end,
  stop = function()
    local chat, edit = require('treewright.chat').stop(), require('treewright.ask').stop()
    if not chat and not edit then
      rpc.say('nothing is under way')
    end
  end,

  -- changing
  edit = function(words, command)
    require('treewright.ask').edit(table.concat(words, ' '), command)
  end,
  fix = function()
    require('treewright.ask').fix()
  end,

  -- reviewing
  review = function()
    require('treewright.review').open()
  end,
  accept = inline('accept'),
  reject = inline('reject'),
  ['accept-all'] = inline('all', 'accept'),
  ['reject-all'] = inline('all', 'reject'),
  next = inline('step', true),
  previous = inline('step', false),
  refresh = function()
    local proposals = require('treewright.proposals')
    local entry = proposals.in_buffer(vim.api.nvim_get_current_buf())[1] or proposals.entries[1]
    if not entry then
      return rpc.say('nothing is under review')
    end
    proposals.refresh(entry, require('treewright.review').present)
  end,
  undo = function()
    require('treewright.proposals').undo()
  end,

  -- finding
  search = function(words)
    require('treewright.lists').search(table.concat(words, ' '))
  end,
  similar = function(_, command)
    require('treewright.ask').subject(command, require('treewright.lists').similar)
  end,
  impact = function(words)
    local depth = tonumber(words[1]) or 3
    require('treewright.lists').impact(math.max(1, math.min(6, math.floor(depth))))
  end,

  graph = function(words)
    local depth = tonumber(words[#words])
    local mode = not tonumber(words[1]) and words[1] or nil
    require('treewright.graph').open(mode, math.max(1, math.min(6, math.floor(depth or 2))))
  end,

  -- the server
  status = function()
    rpc.request('treewright/status', vim.empty_dict(), function(err, status)
      if err then
        return rpc.say(err.message, vim.log.levels.ERROR)
      end
      rpc.say(table.concat(require('treewright.status').lines(status), '\n'))
    end)
  end,
  rebuild = function()
    rpc.execute('treewright.index.rebuild', nil, function()
      rpc.say('building the index anew')
    end)
  end,
  feedback = function(words)
    local format = words[1] or 'messages'
    local client = rpc.client()
    local root = client and client.root_dir or vim.fn.getcwd()
    vim.ui.input({ prompt = 'Write the feedback to: ', default = 'feedback.jsonl', completion = 'file' }, function(path)
      if not path or path == '' then
        return
      end
      local line = require('treewright.config').command(root)
      local call = vim.list_slice(line, 1, #line - 1)
      vim.list_extend(call, { 'feedback', 'export', '--format', format, '--output', vim.fn.fnamemodify(path, ':p'), '--workspace', root })
      vim.system(call, { text = true }, vim.schedule_wrap(function(done)
        if done.code == 0 then
          rpc.say('feedback was written to ' .. path)
        else
          rpc.say(vim.trim(done.stderr), vim.log.levels.ERROR)
        end
      end))
    end)
  end,
  rate = function(words)
    local word = table.remove(words, 1)
    local function rate(chosen)
      if chosen then
        require('treewright.chat').rate(chosen, table.concat(words, ' '))
      end
    end
    if word then
      return rate(word)
    end
    vim.ui.select(require('treewright.feedback').words, { prompt = 'The last answer was' }, rate)
  end,
  report = function()
    require('treewright.feedback').report()
  end,
  log = function()
    local path = vim.env.TREEWRIGHT_HOME and vim.fs.joinpath(vim.env.TREEWRIGHT_HOME, 'log')
      or vim.fn.expand((vim.env.XDG_STATE_HOME or '~/.local/state') .. '/treewright/log')
    path = vim.fs.joinpath(path, 'treewright.log')
    -- A server that does not start writes no log of its own; what it said stands in Neovim's.
    if not rpc.client() or vim.fn.filereadable(path) == 0 then
      path = vim.lsp.log.get_filename()
    end
    vim.cmd.edit(vim.fn.fnameescape(path))
    vim.cmd.normal({ 'G', bang = true })
  end,
  restart = function()
    local watchdog = require('treewright.watchdog')
    watchdog.forget()
    local clients = vim.lsp.get_clients({ name = 'treewright' })
    for _, client in ipairs(clients) do
      watchdog.expect(client.id)
      client:stop()
    end
    vim.wait(3000, function()
      return vim.iter(clients):all(function(client)
        return client:is_stopped()
      end)
    end, 20)
    watchdog.start()
  end,
}

for _, relation in ipairs({ 'definitions', 'references', 'callers', 'callees', 'subclasses', 'importers', 'tests-of' }) do
  M.commands[relation] = function(words)
    local symbol = words[1] or vim.fn.expand('<cword>')
    require('treewright.lists').relation((relation:gsub('%-of$', '')), symbol)
  end
end

--- Words that may follow a subcommand.
local ARGUMENTS = {
  context = { 'clear' },
  graph = { 'around', 'callers', 'callees', 'imports', 'inheritance', 'impact' },
  impact = { '1', '2', '3', '4', '5', '6' },
  feedback = FORMATS,
  rate = { 'good', 'bad', 'neither' },
}

function M.run(command)
  local words = vim.deepcopy(command.fargs)
  local name = table.remove(words, 1) or 'status'
  local run = M.commands[name]
  if not run then
    return rpc.say(('no subcommand %q; there are: %s'):format(name, table.concat(M.names(), ', ')), vim.log.levels.ERROR)
  end
  run(words, command)
end

function M.names()
  local names = vim.tbl_keys(M.commands)
  table.sort(names)
  return names
end

function M.complete(lead, line)
  local name = line:match('^.-Treewright!?%s+(%S+)%s')
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, name and (ARGUMENTS[name] or {}) or M.names())
end

return M
