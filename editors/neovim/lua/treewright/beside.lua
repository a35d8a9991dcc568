-- The other servers of this Neovim, told to treewright: a server cannot see another one. What the
-- user has set as `treewright.features.beside` stays as it is.
local config = require('treewright.config')

local M = {}

--- @type table<integer, boolean> clients whose user has a list of their own
local own = {}

--- Names of the servers of this Neovim that have a buffer; treewright knows most of them.
local function names()
  local found = {}
  for _, client in ipairs(vim.lsp.get_clients()) do
    if client.name ~= 'treewright' and next(client.attached_buffers) then
      found[client.name] = true
    end
  end
  local list = vim.tbl_keys(found)
  table.sort(list)
  return list
end

local function listed(client)
  return vim.tbl_get(client.settings or {}, 'treewright', 'features', 'beside')
end

--- A server of ours is there; `settings` is what it will ask for.
--- @param client vim.lsp.Client
function M.fill(client)
  own[client.id] = listed(client) ~= nil
  M.changed()
end

--- Another server has come or gone.
function M.changed()
  if not config.options().beside then
    return
  end
  local list = names()
  for _, client in ipairs(vim.lsp.get_clients({ name = 'treewright' })) do
    if not own[client.id] and not vim.deep_equal(listed(client) or {}, list) then
      local settings = vim.tbl_deep_extend('force', client.settings or {}, { treewright = { features = {} } })
      settings.treewright.features.beside = list -- lists would be merged by index
      client.settings = settings
      client:notify('workspace/didChangeConfiguration', { settings = settings })
    end
  end
end

return M
