-- Conversations, one JSON file each, per workspace, below stdpath('state').
local config = require('treewright.config')

local M = {}

local MOST = 50

local function folder()
  local client = require('treewright.rpc').client()
  local root = client and client.root_dir or vim.fn.getcwd()
  return vim.fs.joinpath(vim.fn.stdpath('state'), 'treewright', 'chat', vim.fn.sha256(root):sub(1, 16))
end

function M.new()
  return { id = ('%d-%d'):format(os.time(), math.random(1e6)), at = os.time(), messages = {} }
end

local function title_of(conversation)
  local first = conversation.messages[1]
  local words = first and vim.trim(first.text:gsub('%s+', ' ')) or 'New conversation'
  return vim.fn.strchars(words) > 60 and vim.fn.strcharpart(words, 0, 59) .. '…' or words
end

--- Written whole beside the old one and put in its place: a crash loses at most the last turn.
function M.save(conversation)
  if not config.options().history or #conversation.messages == 0 then
    return
  end
  conversation.at = os.time()
  local where = folder()
  vim.fn.mkdir(where, 'p')
  local path = vim.fs.joinpath(where, conversation.id .. '.json')
  local file = io.open(path .. '.new', 'w')
  if not file then
    return
  end
  file:write(vim.json.encode({ title = title_of(conversation), at = conversation.at, messages = conversation.messages }))
  file:close()
  vim.uv.fs_rename(path .. '.new', path)
  for i, each in ipairs(M.list()) do
    if i > MOST then
      vim.uv.fs_unlink(each.path)
    end
  end
end

local function read(path)
  local file = io.open(path)
  local ok, found = pcall(vim.json.decode, file and file:read('*a') or '')
  if file then
    file:close()
  end
  return ok and type(found) == 'table' and type(found.messages) == 'table' and found or nil
end

--- Newest first: `{title, at, path}`.
function M.list()
  local found = {}
  for name in vim.fs.dir(folder()) do
    local path = vim.fs.joinpath(folder(), name)
    local kept = vim.endswith(name, '.json') and read(path)
    if kept then
      found[#found + 1] = { title = kept.title, at = kept.at, path = path }
    end
  end
  table.sort(found, function(a, b)
    return a.at > b.at
  end)
  return found
end

function M.load(kept)
  local found = read(kept.path)
  if not found then
    return M.new()
  end
  return { id = vim.fs.basename(kept.path):gsub('%.json$', ''), at = found.at, messages = found.messages }
end

return M
