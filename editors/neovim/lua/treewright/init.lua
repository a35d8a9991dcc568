-- :Treewright <subcommand> …; each subcommand is one function in `M.commands`.
local M = {}

local function notify(message, level)
  vim.notify('treewright: ' .. message, level or vim.log.levels.INFO)
end

--- The client attached to this buffer, else any running one.
--- @return vim.lsp.Client?
function M.client(buffer)
  local attached = vim.lsp.get_clients({ name = 'treewright', bufnr = buffer or 0 })
  return attached[1] or vim.lsp.get_clients({ name = 'treewright' })[1]
end

--- Run a server command; `done(result)` is called with its answer, errors are shown.
--- @param name string
--- @param argument table?
--- @param done fun(result: any)
function M.execute(name, argument, done)
  local client = M.client()
  if not client then
    return notify('no server is running here', vim.log.levels.WARN)
  end
  -- A real buffer number: with 0, text typed a moment ago would not reach the server first.
  local buffer = vim.api.nvim_get_current_buf()
  local arguments = argument and { argument } or {}
  client:request('workspace/executeCommand', { command = name, arguments = arguments }, function(err, result)
    if err then
      return notify(err.message, vim.log.levels.ERROR)
    end
    done(result)
  end, buffer)
end

local function root_of(client)
  return client.root_dir or (client.workspace_folders and vim.uri_to_fname(client.workspace_folders[1].uri)) or vim.fn.getcwd()
end

--- Rows with path, line and text become a quickfix list.
local function quickfix(title, rows, text_of)
  local client = M.client()
  local root = client and root_of(client) or vim.fn.getcwd()
  local items = {}
  for _, row in ipairs(rows) do
    items[#items + 1] = {
      filename = vim.fs.joinpath(root, row.path),
      lnum = row.line or row.start_line,
      end_lnum = row.end_line,
      col = row.column or 1,
      text = text_of(row),
    }
  end
  vim.fn.setqflist({}, ' ', { title = title, items = items })
  if #items == 0 then
    return notify('nothing found: ' .. title)
  end
  vim.cmd('botright copen')
end

M.relations = { 'definitions', 'references', 'callers', 'callees', 'subclasses', 'importers', 'tests' }

M.commands = {
  search = function(words)
    local query = table.concat(words, ' ')
    if query == '' then
      return vim.ui.input({ prompt = 'Search code: ' }, function(given)
        if given and given ~= '' then
          M.commands.search({ given })
        end
      end)
    end
    M.execute('treewright.search', { query = query, k = 20 }, function(hits)
      quickfix('search: ' .. query, hits, function(hit)
        return ('[%s] %s'):format(hit.symbol ~= '' and hit.symbol or hit.kind, vim.split(hit.snippet, '\n')[1])
      end)
    end)
  end,

  status = function()
    M.execute('treewright.index.status', nil, function(status)
      local lines = {}
      for _, folder in ipairs(status.folders) do
        lines[#lines + 1] = ('%s: %d files, %d symbols%s'):format(
          folder.root, folder.counts.files, folder.counts.symbols,
          folder.ready and '' or (', %d files left to read'):format(folder.pending))
      end
      notify(#lines > 0 and table.concat(lines, '\n') or 'no folder is open')
    end)
  end,

  rebuild = function()
    M.execute('treewright.index.rebuild', nil, function()
      notify('building the index anew')
    end)
  end,

  log = function()
    local path = vim.env.TREEWRIGHT_HOME and vim.fs.joinpath(vim.env.TREEWRIGHT_HOME, 'log')
      or vim.fn.expand((vim.env.XDG_STATE_HOME or '~/.local/state') .. '/treewright/log')
    vim.cmd.edit(vim.fs.joinpath(path, 'treewright.log'))
  end,

  restart = function()
    local buffers = {}
    for _, client in ipairs(vim.lsp.get_clients({ name = 'treewright' })) do
      vim.list_extend(buffers, vim.tbl_keys(client.attached_buffers))
      client:stop()
    end
    vim.defer_fn(function()
      for _, buffer in ipairs(buffers) do
        if vim.api.nvim_buf_is_loaded(buffer) then
          vim.api.nvim_exec_autocmds('FileType', { buffer = buffer, modeline = false })
        end
      end
    end, 500)
  end,
}

for _, relation in ipairs(M.relations) do
  M.commands[relation] = function(words)
    local symbol = words[1] or vim.fn.expand('<cword>')
    M.execute('treewright.graph', { relation = relation, symbol = symbol }, function(rows)
      quickfix(relation .. ' of ' .. symbol, rows, function(row)
        return ('%s  (%s, %s)'):format(row.text, row.kind, row.confidence)
      end)
    end)
  end
end

function M.run(command)
  local words = vim.deepcopy(command.fargs)
  local name = table.remove(words, 1) or 'status'
  local run = M.commands[name]
  if not run then
    return notify(('no subcommand %q; there are: %s'):format(name, table.concat(M.names(), ', ')), vim.log.levels.ERROR)
  end
  run(words, command)
end

function M.names()
  local names = vim.tbl_keys(M.commands)
  table.sort(names)
  return names
end

function M.complete(lead, line)
  if vim.trim(line):match('^%S+%s+%S+%s') then
    return {}
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, M.names())
end

return M
