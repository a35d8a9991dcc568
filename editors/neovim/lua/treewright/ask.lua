-- Changes that are asked for: of a selection, of a problem. What comes back is put under review.
local proposals = require('treewright.proposals')
local rpc = require('treewright.rpc')
local text = require('treewright.text')

local M = {}

local running --- @type fun()?

--- The rows given, else the function or class around the cursor, else its line.
--- @param command table?
--- @param done fun(range: table)
function M.subject(command, done)
  local buffer = vim.api.nvim_get_current_buf()
  local client = rpc.client(buffer)
  local encoding = client and client.offset_encoding or 'utf-8'
  local rows = text.rows(command)
  if rows then
    return done(text.range_of_rows(buffer, rows, encoding))
  end
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local document = { textDocument = { uri = vim.uri_from_bufnr(buffer) } }
  rpc.request('textDocument/documentSymbol', document, function(_, symbols)
    local best
    local function look(list)
      for _, symbol in ipairs(list or {}) do
        local range = symbol.range
        if range and range.start.line <= row and row <= range['end'].line then
          if symbol.kind ~= 13 then -- a variable is less than its line
            best = range
          end
          look(symbol.children)
        end
      end
    end
    look(symbols)
    done(best or text.range_of_rows(buffer, { row, row }, encoding))
  end, buffer)
end

--- Stop the edit that is under way. Returns whether there was one.
function M.stop()
  if running then
    running()
    running = nil
    rpc.say('stopped; nothing was changed')
    return true
  end
  return false
end

--- Show what was offered, or why nothing was.
function M.offer(answer)
  if answer.proposal and answer.proposal ~= vim.NIL then
    return require('treewright.review').present(proposals.offer(answer.proposal))
  end
  local refused = answer.refused
  rpc.say('no change is proposed: ' .. refused.reason, vim.log.levels.WARN)
  if refused.guide ~= '' then
    vim.cmd('botright new')
    local buffer = vim.api.nvim_get_current_buf()
    vim.bo[buffer].buftype, vim.bo[buffer].bufhidden, vim.bo[buffer].filetype = 'nofile', 'wipe', 'markdown'
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(refused.guide, '\n'))
  end
end

local function edit(range, instruction)
  local buffer = vim.api.nvim_get_current_buf()
  local token = rpc.listen(function(part)
    if part.kind == 'step' then
      vim.api.nvim_echo({ { ('treewright: %s'):format(part.step.title) } }, false, {})
    end
  end)
  if running then
    running()
  end
  local cancel = rpc.request('treewright/edit', {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    range = range,
    instruction = instruction,
    partialResultToken = token,
  }, function(err, answer)
    running = nil
    rpc.deaf(token)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    M.offer(answer)
  end, buffer)
  if cancel then
    rpc.say(('editing: %s  (:Treewright stop ends it)'):format(instruction))
    running = function()
      cancel()
      rpc.deaf(token)
    end
  end
end

--- Ask for a change of the selection or the function at the cursor.
function M.edit(instruction, command)
  M.subject(command, function(range)
    if instruction ~= '' then
      return edit(range, instruction)
    end
    vim.ui.input({ prompt = 'What should change? ' }, function(given)
      if given and vim.trim(given) ~= '' then
        edit(range, given)
      end
    end)
  end)
end

--- What rules offer for the problems at the cursor; else the same as an edit with a request.
function M.fix()
  local buffer = vim.api.nvim_get_current_buf()
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row = cursor[1] - 1
  local found = vim.diagnostic.get(buffer, { lnum = row })
  if #found == 0 then
    return rpc.say('there is no problem on this line')
  end
  table.sort(found, function(a, b)
    local a_here = a.col <= cursor[2] and cursor[2] < math.max(a.end_col or 0, a.col + 1)
    local b_here = b.col <= cursor[2] and cursor[2] < math.max(b.end_col or 0, b.col + 1)
    if a_here ~= b_here then
      return a_here
    end
    return (a.severity or 4) < (b.severity or 4)
  end)
  local client = rpc.client(buffer)
  local encoding = client and client.offset_encoding or 'utf-8'
  local problems = vim.tbl_map(function(each)
    local sent = each.user_data and each.user_data.lsp
    local range = {
      start = text.position(buffer, each.lnum, each.col, encoding),
      ['end'] = text.position(buffer, each.end_lnum or each.lnum, each.end_col or each.col, encoding),
    }
    return { range = range, message = each.message, severity = each.severity, code = sent and sent.code or each.code, source = each.source, data = sent and sent.data or nil }
  end, found)
  local first = problems[1]
  rpc.request('textDocument/codeAction', {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    range = first.range,
    context = { diagnostics = problems, only = { 'quickfix' } },
  }, function(err, actions)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    local ours = vim.tbl_filter(function(action)
      return type(action.data) == 'table' and action.data.treewright == 1
    end, actions or {})
    if #ours == 0 then
      return edit(first.range, ('Fix the problem %s%s'):format(first.code and first.code .. ': ' or '', first.message))
    end
    local function take(action)
      if action then
        proposals.fetch(action.data, require('treewright.review').present)
      end
    end
    if #ours == 1 then
      return take(ours[1])
    end
    vim.ui.select(ours, {
      prompt = first.message,
      kind = 'codeaction',
      format_item = function(action)
        return (action.title:gsub('[\r\n]', ' '))
      end,
    }, take)
  end, buffer)
end

return M
