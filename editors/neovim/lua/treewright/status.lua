-- What the server says of itself: `treewright/status`, for the statusline and `:Treewright status`.
local rpc = require('treewright.rpc')

local M = {}

--- @type table<integer, table>
local known = {}

local function changed()
  vim.cmd.redrawstatus({ bang = true })
  vim.api.nvim_exec_autocmds('User', { pattern = 'TreewrightStatus', modeline = false })
end

function M.subscribe(client)
  client:request('treewright/status', { notify = true }, function(err, status)
    if not err then
      known[client.id] = status
      changed()
    end
  end, vim.api.nvim_get_current_buf())
end

function M.on_status(_, status, ctx)
  known[ctx.client_id] = status
  changed()
end

function M.forget(client_id)
  known[client_id] = nil
  changed()
end

--- The last status, or nil.
--- @return table?
function M.get()
  local client = rpc.client()
  return client and known[client.id] or nil
end

--- A few words for 'statusline'; empty when no server runs.
--- @return string
function M.line()
  local status = M.get()
  if not status then
    return vim.lsp.get_clients({ name = 'treewright' })[1] and 'treewright …' or ''
  end
  local words = { 'treewright' }
  local pending = 0
  for _, folder in ipairs(status.folders) do
    pending = pending + folder.pending
  end
  if not status.ready then
    words[#words + 1] = pending > 0 and ('%d to read'):format(pending) or 'indexing'
  end
  if not status.trusted then
    words[#words + 1] = 'restricted'
  end
  if status.model.state == 'failing' then
    words[#words + 1] = 'model fails'
  elseif status.model.state == 'ready' then
    words[#words + 1] = status.model.name
  end
  if status.proposals > 0 then
    words[#words + 1] = ('%d to review'):format(status.proposals)
  end
  -- A name with a per cent sign in it must not become an item of the statusline.
  return (table.concat(words, ' · '):gsub('%%', '%%%%'))
end

--- In words, as lines.
function M.lines(status)
  local lines = {}
  for _, folder in ipairs(status.folders) do
    lines[#lines + 1] = ('%s: %d files, %d symbols, %d references%s%s'):format(
      folder.name, folder.files, folder.symbols, folder.references,
      folder.skipped > 0 and (', %d skipped'):format(folder.skipped) or '',
      folder.ready and '' or (', %d left to read'):format(folder.pending))
  end
  if #lines == 0 then
    lines[1] = 'no folder is open'
  end
  local model = status.model
  lines[#lines + 1] = 'model: ' .. (model.state == 'none' and 'none' or model.name)
    .. (model.state == 'failing' and (' (fails: %s)'):format(model.reason) or '')
  if status.proposals > 0 then
    lines[#lines + 1] = ('%d under review: :Treewright review'):format(status.proposals)
  end
  return lines
end

return M
