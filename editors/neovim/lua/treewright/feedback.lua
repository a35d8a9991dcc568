-- What only the editor sees: which results of a search were opened or copied from, and what the
-- user thinks of an answer. Told to the server, which keeps it on this machine or not at all.
local rpc = require('treewright.rpc')

local M = {}

local group = vim.api.nvim_create_augroup('treewright.feedback', { clear = true })

--- @class treewright.Told
--- @field list integer id of the quickfix list
--- @field search string
--- @field window integer of the list
--- @field origin {[1]: integer, [2]: integer} buffer and line where the user stood
--- @field opened table<integer, boolean>
--- @field used table<integer, boolean>
local current --- @type treewright.Told?

--- The server keeps none of it when feedback is off; an error is no concern of the user.
local function tell(argument)
  rpc.request('workspace/executeCommand', {
    command = 'treewright.feedback.search',
    arguments = { argument },
  }, function() end)
end

--- The result whose line the cursor is on, the chosen one where several share it; and all results
--- around the cursor. As the server counts them.
local function here(told)
  local buffer = vim.api.nvim_get_current_buf()
  local line = vim.api.nvim_win_get_cursor(0)[1]
  local list = vim.fn.getqflist({ id = told.list, idx = 0, items = 1 })
  local found, within = nil, {}
  for index, item in ipairs(list.items or {}) do
    local result = type(item.user_data) == 'table' and item.user_data.result
    if result and item.bufnr == buffer then
      if item.lnum == line and (index == list.idx or not found) then
        found = result
      end
      if item.lnum <= line and line <= math.max(item.end_lnum, item.lnum) then
        within[#within + 1] = result
      end
    end
  end
  return found, within
end

local function on_move()
  local told = current
  if not told or vim.bo.buftype ~= '' then
    return
  end
  local buffer, line = vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1]
  if told.origin[1] == buffer and told.origin[2] == line then
    return -- where the search was asked for; being there is no opening
  end
  told.origin = { 0, 0 }
  local result = here(told)
  if result and not told.opened[result] then
    told.opened[result] = true
    tell({ search = told.search, result = result, action = 'opened' })
  end
end

--- Copied from a result: it was put to use.
local function on_yank()
  local told = current
  if not told or vim.v.event.operator ~= 'y' then
    return
  end
  local _, within = here(told)
  for _, result in ipairs(within) do
    if told.opened[result] and not told.used[result] then
      told.used[result] = true
      tell({ search = told.search, result = result, action = 'used' })
    end
  end
end

--- The list was closed and nothing of it was opened.
local function on_closed(event)
  local told = current
  local window = tonumber(event.match)
  if not told or window ~= told.window then
    return
  end
  -- Opening an entry may close the list in the same moment: look when that is done.
  vim.schedule(function()
    if current == told and next(told.opened) == nil then
      tell({ search = told.search, action = 'ignored' })
    end
  end)
end

--- A list of search results is shown; `origin` is where the user stood.
--- @param search string? the server's name of the search; nil when feedback is off
--- @param origin {[1]: integer, [2]: integer}
function M.shown(search, origin)
  vim.api.nvim_clear_autocmds({ group = group })
  current = nil
  if not search then
    return
  end
  local list = vim.fn.getqflist({ id = 0, winid = 0 })
  current = { list = list.id, search = search, origin = origin, window = list.winid, opened = {}, used = {} }
  vim.api.nvim_create_autocmd({ 'BufEnter', 'CursorMoved' }, { group = group, callback = on_move })
  vim.api.nvim_create_autocmd('TextYankPost', { group = group, callback = on_yank })
  vim.api.nvim_create_autocmd('WinClosed', { group = group, callback = on_closed })
end

local WORDS = { good = 1, up = 1, bad = -1, down = -1, neither = 0 }
M.words = { 'good', 'bad', 'neither' }

--- Say what you think of an answer of the chat.
--- @param subject string? `ChatResult.id`
--- @param word string good, bad or neither
--- @param comment string
function M.rate(subject, word, comment)
  local rating = WORDS[word]
  if not rating then
    return rpc.say(('say good, bad or neither, not %q'):format(word), vim.log.levels.ERROR)
  end
  if not subject then
    return rpc.say('there is no answer to rate')
  end
  rpc.execute('treewright.feedback.rate', { subject = subject, rating = rating, comment = comment }, function(result)
    rpc.say(result.recorded and ('noted: ' .. word) or 'feedback is off: nothing was kept')
  end)
end

--- What became of proposals, as a page in the browser.
function M.report()
  rpc.execute('treewright.feedback.report', vim.empty_dict(), function(result)
    local folder = vim.fs.joinpath(vim.fn.stdpath('cache'), 'treewright')
    vim.fn.mkdir(folder, 'p', '0o700')
    local path = vim.fs.joinpath(folder, 'report.html')
    local file, problem = io.open(path, 'w')
    if not file then
      return rpc.say(problem or path, vim.log.levels.ERROR)
    end
    file:write(result.html)
    file:close()
    local _, failed = vim.ui.open(path)
    rpc.say(failed and ('the report is in %s (%s)'):format(path, failed) or 'the report: ' .. path)
  end)
end

return M
