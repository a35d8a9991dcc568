-- Neovim 0.7 to 0.10, which Debian and Ubuntu ship: the server, and lists of search and the graph.
-- Review, chat and everything that shows text between the lines needs 0.11.
local M = {}

local running = {} --- root -> client id

local function say(words, level)
  vim.notify('treewright: ' .. words, level or vim.log.levels.INFO)
end

local function root_of(name)
  local folder = vim.fn.fnamemodify(name, ':p:h')
  for _, marker in ipairs({ 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml', '.git' }) do
    local found = vim.fn.finddir(marker, folder .. ';')
    found = found ~= '' and found or vim.fn.findfile(marker, folder .. ';')
    if found ~= '' then
      return (vim.fn.fnamemodify(found, ':p'):gsub('/+$', ''):gsub('/[^/]+$', ''))
    end
  end
  return folder
end

local function command(root)
  local given = vim.env.TREEWRIGHT_CMD
  if given then
    return vim.split(given, ' ', { trimempty = true })
  end
  for _, folder in ipairs({ vim.env.VIRTUAL_ENV or '', root .. '/.venv' }) do
    local program = folder ~= '' and folder .. '/bin/treewright' or ''
    if program ~= '' and vim.fn.executable(program) == 1 then
      return { program, 'serve' }
    end
  end
  return { 'treewright', 'serve' }
end

--- Attach the server to a buffer; the first one of a project starts it.
function M.attach(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  if name == '' or vim.bo[buffer].buftype ~= '' then
    return
  end
  local root = root_of(name)
  local id = running[root]
  if not id or not vim.lsp.get_client_by_id(id) then
    id = vim.lsp.start_client({
      name = 'treewright',
      cmd = command(root),
      root_dir = root,
      settings = (vim.g.treewright or {}).settings,
      init_options = (vim.g.treewright or {}).trusted == false and { agent = { trusted = false } } or nil,
      on_exit = function()
        running[root] = nil
      end,
      on_attach = function(_, attached)
        vim.api.nvim_buf_set_option(attached, 'omnifunc', 'v:lua.vim.lsp.omnifunc')
        vim.api.nvim_buf_set_option(attached, 'tagfunc', 'v:lua.vim.lsp.tagfunc')
      end,
    })
    if not id then
      return say('the server cannot be started; is `treewright` installed?', vim.log.levels.ERROR)
    end
    running[root] = id
  end
  vim.lsp.buf_attach_client(buffer, id)
end

local function client()
  for _, each in pairs(vim.lsp.buf_get_clients(0)) do
    if each.name == 'treewright' then
      return each
    end
  end
  local _, id = next(running)
  return id and vim.lsp.get_client_by_id(id)
end

--- The client, for tests and statuslines.
M.client = client

local function request(method, params, done)
  local server = client()
  if not server then
    return say('no server is running here', vim.log.levels.WARN)
  end
  server.request(method, params, function(err, result)
    if err then
      return say(err.message, vim.log.levels.ERROR)
    end
    done(result, server)
  end, vim.api.nvim_get_current_buf())
end

local function list(title, items)
  if #items == 0 then
    return say('nothing found: ' .. title)
  end
  vim.fn.setqflist({}, ' ', { title = title, items = items })
  vim.cmd('botright copen')
end

local function search(words)
  local query = table.concat(words, ' ')
  request('treewright/search', { query = query, limit = 30 }, function(found)
    list('search: ' .. query, vim.tbl_map(function(each)
      local start = each.place.range.start
      return {
        filename = vim.uri_to_fname(each.place.uri), lnum = start.line + 1, col = start.character + 1,
        text = ('[%s] %s'):format(each.symbol ~= '' and each.symbol or each.kind, each.snippet:match('%S[^\n]*') or ''),
      }
    end, found))
  end)
end

local function execute(name, argument, done)
  request('workspace/executeCommand', { command = name, arguments = { argument } }, done)
end

local function relation(name)
  return function(words)
    local symbol = words[1] or vim.fn.expand('<cword>')
    execute('treewright.graph', { relation = name, symbol = symbol }, function(rows, server)
      list(name .. ' of ' .. symbol, vim.tbl_map(function(row)
        return {
          filename = server.config.root_dir .. '/' .. row.path, lnum = row.line or row.start_line,
          col = row.column or 1, text = ('%s  (%s)'):format(row.text, row.kind),
        }
      end, rows))
    end)
  end
end

M.commands = {
  search = search,
  status = function()
    request('treewright/status', vim.empty_dict(), function(status)
      for _, folder in ipairs(status.folders) do
        say(('%s: %d files, %d symbols%s'):format(folder.name, folder.files, folder.symbols,
          folder.ready and '' or (', %d left to read'):format(folder.pending)))
      end
    end)
  end,
  rebuild = function()
    execute('treewright.index.rebuild', nil, function()
      say('building the index anew')
    end)
  end,
  rename = function(words)
    vim.lsp.buf.rename(words[1])
  end,
  action = function()
    vim.lsp.buf.code_action()
  end,
  log = function()
    local home = vim.env.TREEWRIGHT_HOME
    local folder = home and home .. '/log' or vim.fn.expand((vim.env.XDG_STATE_HOME or '~/.local/state') .. '/treewright/log')
    vim.cmd('edit ' .. vim.fn.fnameescape(folder .. '/treewright.log'))
  end,
  restart = function()
    local server = client()
    if server then
      server.stop()
      vim.wait(3000, function()
        return server.is_stopped()
      end, 20)
    end
    running = {}
    M.attach(vim.api.nvim_get_current_buf())
  end,
}
for _, name in ipairs({ 'definitions', 'references', 'callers', 'callees', 'subclasses', 'importers', 'tests' }) do
  M.commands[name] = relation(name)
end

function M.run(given)
  local words = vim.split(given.args, '%s+', { trimempty = true })
  local name = table.remove(words, 1) or 'status'
  local act = M.commands[name]
  if not act then
    return say(('no subcommand %q in this Neovim; 0.11 has more'):format(name), vim.log.levels.ERROR)
  end
  act(words)
end

function M.complete(lead)
  local names = vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, vim.tbl_keys(M.commands))
  table.sort(names)
  return names
end

--- What `vim.lsp.enable('treewright')` does in newer ones.
--- @param filetypes string[]?
function M.enable(filetypes)
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('treewright.classic', { clear = true }),
    pattern = filetypes or { 'python' },
    callback = function(event)
      M.attach(event.buf)
    end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.tbl_contains(filetypes or { 'python' }, vim.bo[buffer].filetype) then
      M.attach(buffer)
    end
  end
end

return M
