-- A server that ended by itself is started again, more slowly each time.
local rpc = require('treewright.rpc')

local M = {}

M.first_delay_ms = 500
M.most = 5
M.window_ms = 3 * 60 * 1000

local crashes = {} --- @type integer[]
local wanted_end = {} --- @type table<integer, boolean>

--- The user asked this client to end.
function M.expect(client_id)
  wanted_end[client_id] = true
end

function M.forget()
  crashes = {}
end

--- Attach the server to every buffer that it serves; the first one starts it.
function M.start()
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].filetype ~= '' then
      vim.api.nvim_exec_autocmds('FileType', { group = 'nvim.lsp.enable', buffer = buffer, modeline = false })
    end
  end
end

function M.ended(code, signal, client_id)
  if wanted_end[client_id] or vim.v.exiting ~= vim.NIL or code == 0 and signal == 0 then
    wanted_end[client_id] = nil
    return
  end
  local now = vim.uv.now()
  crashes = vim.tbl_filter(function(at)
    return now - at < M.window_ms
  end, crashes)
  crashes[#crashes + 1] = now
  if #crashes > M.most then
    return rpc.say('the server ended several times in a row and is not started again; '
      .. ':Treewright log says why, :Treewright restart starts it', vim.log.levels.ERROR)
  end
  local delay = M.first_delay_ms * 2 ^ (#crashes - 1)
  rpc.say(('the server ended (code %d, signal %d); it starts again in %.1f s'):format(code, signal, delay / 1000),
    vim.log.levels.WARN)
  vim.defer_fn(M.start, delay)
end

return M
