-- How the server is found and started, and the options of this plugin.
local M = {}

M.filetypes = {
  'python', 'typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'go', 'rust',
  'java', 'c', 'cpp',
}

--- @class treewright.Options
M.defaults = {
  --- Keys while a buffer has hunks under review, where they are not mapped already; false: none.
  keys = { accept = '<M-CR>', reject = '<M-BS>', next = ']h', previous = '[h' },
  --- false: the server reads, and changes or runs nothing.
  trusted = true,
  --- Tell the server which other servers are attached (`treewright.features.beside`).
  beside = true,
  --- Keep conversations of the chat, below stdpath('state').
  history = true,
}

--- `vim.g.treewright`, with the defaults below it.
--- @return treewright.Options
function M.options()
  local given = vim.g.treewright or {}
  local merged = vim.tbl_deep_extend('force', M.defaults, given)
  if given.keys == false then
    merged.keys = false
  end
  return merged
end

--- The server's command line: $TREEWRIGHT_CMD, the project's own environment, then PATH.
--- @param root string?
--- @return string[]
function M.command(root)
  if vim.env.TREEWRIGHT_CMD then
    return vim.split(vim.env.TREEWRIGHT_CMD, ' ', { trimempty = true })
  end
  local project = M.options().trusted and root and root .. '/.venv' or ''
  for _, folder in ipairs({ vim.env.VIRTUAL_ENV or '', project }) do
    local found = folder ~= '' and vim.fn.exepath(folder .. '/bin/treewright') or ''
    if found ~= '' then
      return { found, 'serve' }
    end
  end
  return { 'treewright', 'serve' }
end

local function ended(code, signal, client_id)
  require('treewright.rpc').ended(client_id)
  require('treewright.status').forget(client_id)
  require('treewright.watchdog').ended(code, signal, client_id)
end

--- @return vim.lsp.Config
function M.client()
  return {
    cmd = function(dispatchers, config)
      local root = config and config.root_dir or nil
      return vim.lsp.rpc.start(M.command(root), dispatchers, { cwd = root })
    end,
    filetypes = M.filetypes,
    root_markers = { { 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml' }, '.git' },
    init_options = not M.options().trusted and { agent = { trusted = false } } or nil,
    on_init = function(client)
      require('treewright.beside').fill(client)
      require('treewright.status').subscribe(client)
    end,
    on_exit = vim.schedule_wrap(ended),
    handlers = {
      ['$/progress'] = function(...)
        return require('treewright.rpc').on_progress(...)
      end,
      ['treewright/status'] = function(...)
        return require('treewright.status').on_status(...)
      end,
    },
    commands = {
      ['treewright.showReferences'] = function(...)
        return require('treewright.lists').show_references(...)
      end,
    },
  }
end

return M
