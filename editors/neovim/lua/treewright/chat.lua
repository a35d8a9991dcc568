-- The chat: a buffer in Markdown. The last section is where you write; <CR> sends it.
--
-- What a model says is text in a buffer: nothing of it is run, loaded or followed. A citation opens
-- code of the workspace, and an address is opened by nobody but you (`gx`).
local config = require('treewright.config')
local history = require('treewright.history')
local rpc = require('treewright.rpc')
local text = require('treewright.text')

local M = {}

M.longest_message = 100000 -- characters; the server takes no more
local MOST_TURNS, LONGEST_TURN = 20, 20000

local NAME = 'treewright://chat'
local namespace = vim.api.nvim_create_namespace('treewright.chat')

--- @class treewright.Message
--- @field role 'user'|'assistant'
--- @field text string
--- @field mode 'ask'|'task'
--- @field rung string
--- @field citations table[]
--- @field proposals string[]
--- @field state 'streaming'|'done'|'stopped'|'failed'
--- @field id string? what `treewright.feedback.rate` calls it

local conversation = history.new()
local chips = {} --- @type {label: string, item: table}[]
local source --- @type integer? the buffer that was last looked at
local cancel --- @type fun()?
local targets = {} --- @type table<integer, {place: table?, proposal: string?}> mark -> what it opens
local input_mark --- @type integer?

--- When the first words of the last answer were in the buffer, as vim.uv.hrtime().
M.first_text_at = 0

local function buffer_of()
  local buffer = vim.fn.bufnr(NAME)
  return buffer > 0 and vim.api.nvim_buf_is_loaded(buffer) and buffer or nil
end

--- Text as lines that a buffer can hold; no control character does anything on the screen.
local function lines_of(words)
  words = text.plain(words):gsub('[%z\1-\8\11\12\14-\31\127]', '')
  return vim.split(words, '\n', { plain = true })
end

--- Append to the end of the buffer, and follow it in windows whose cursor stands at the end.
local function append(words)
  local buffer = buffer_of()
  if not buffer or words == '' then
    return
  end
  local row = vim.api.nvim_buf_line_count(buffer) - 1
  local following = vim.tbl_filter(function(window)
    return vim.api.nvim_win_get_cursor(window)[1] > row
  end, vim.fn.win_findbuf(buffer))
  local column = #vim.api.nvim_buf_get_lines(buffer, row, row + 1, true)[1]
  vim.api.nvim_buf_set_text(buffer, row, column, row, column, lines_of(words))
  vim.bo[buffer].modified = false
  for _, window in ipairs(following) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

--- Append a line that <CR> opens something from.
local function append_target(line, target)
  append('\n' .. line:gsub('[\r\n]', ' '))
  local buffer = buffer_of()
  if buffer then
    local row = vim.api.nvim_buf_line_count(buffer) - 1
    local mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row, 0, { end_col = 0, hl_group = 'Underlined' })
    targets[mark] = target
  end
end

local function draw_chips()
  local buffer = buffer_of()
  if not buffer or not input_mark then
    return
  end
  local place = vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, input_mark, {})
  if not place[1] then
    return
  end
  local names = vim.tbl_map(function(chip)
    return chip.label
  end, M.context())
  local along = #names > 0 and 'goes along: ' .. table.concat(names, ', ') or 'nothing goes along'
  vim.api.nvim_buf_set_extmark(buffer, namespace, place[1], 0, {
    id = input_mark,
    right_gravity = false,
    virt_lines = { { { along .. '  (:Treewright context)', 'Comment' } } },
  })
end

--- The section to write in, at the end of the buffer.
local function open_input(draft)
  local buffer = buffer_of()
  if not buffer then
    return
  end
  local empty = vim.api.nvim_buf_line_count(buffer) == 1 and vim.api.nvim_buf_get_lines(buffer, 0, 1, true)[1] == ''
  append((empty and '' or '\n\n') .. '## You')
  local row = vim.api.nvim_buf_line_count(buffer) - 1
  append('\n\n' .. (draft or ''))
  input_mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row, 0, { right_gravity = false })
  draw_chips()
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

local function input()
  local buffer = buffer_of()
  local place = buffer and input_mark and vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, input_mark, {})
  if not buffer or not place or not place[1] then
    return ''
  end
  local lines = vim.api.nvim_buf_get_lines(buffer, place[1] + 1, -1, false)
  return vim.trim(table.concat(lines, '\n'))
end

-- ------------------------------------------------------------------ what goes along

--- What goes along with the next message: what was added, else the file last looked at.
--- @return {label: string, item: table}[]
function M.context()
  if #chips > 0 then
    return chips
  end
  if source and vim.api.nvim_buf_is_loaded(source) and vim.bo[source].buftype == '' and vim.api.nvim_buf_get_name(source) ~= '' then
    local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(source), ':~:.')
    return { { label = name, item = { kind = 'file', uri = vim.uri_from_bufnr(source) } } }
  end
  return {}
end

local function add_chip(chip)
  for _, each in ipairs(chips) do
    if each.label == chip.label then
      return
    end
  end
  chips[#chips + 1] = chip
  draw_chips()
end

--- Add this buffer, the rows of a command, or the problems of them.
function M.add_context(words, command)
  if words[1] == 'clear' then
    chips = {}
    source = nil
    draw_chips()
    return rpc.say('nothing goes along')
  end
  local buffer = vim.api.nvim_get_current_buf()
  if vim.api.nvim_buf_get_name(buffer) == NAME or vim.bo[buffer].buftype ~= '' then
    local names = vim.tbl_map(function(chip)
      return chip.label
    end, M.context())
    return rpc.say(#names > 0 and 'goes along: ' .. table.concat(names, ', ') or 'nothing goes along')
  end
  local client = rpc.client(buffer)
  local encoding = client and client.offset_encoding or 'utf-8'
  local name, uri = vim.fn.expand('%:~:.'), vim.uri_from_bufnr(buffer)
  local rows = text.rows(command)
  if rows then
    local range = text.range_of_rows(buffer, rows, encoding)
    add_chip({ label = ('%s:%d-%d'):format(name, rows[1] + 1, rows[2] + 1), item = { kind = 'selection', uri = uri, range = range } })
    local found = vim.tbl_filter(function(each)
      return rows[1] <= each.lnum and each.lnum <= rows[2]
    end, vim.diagnostic.get(buffer))
    if #found > 0 then
      local messages = vim.tbl_map(function(each)
        local start = text.position(buffer, each.lnum, each.col, encoding)
        return { range = { start = start, ['end'] = start }, message = each.message, code = tostring(each.code or '') }
      end, found)
      add_chip({ label = ('%d problems of %s'):format(#found, name), item = { kind = 'diagnostics', uri = uri, messages = messages } })
    end
  else
    add_chip({ label = name, item = { kind = 'file', uri = uri } })
  end
  rpc.say('goes along: ' .. chips[#chips].label)
end

-- ------------------------------------------------------------------ a turn

local RUNGS = {
  recipe = 'a proven rule', operation = 'a proven rule', model = 'the language model', cache = 'an earlier accepted change',
  template = 'a template', guide = 'search and the code graph, no model',
}

local function foot(message, cost)
  local words = { 'Answered by ' .. (RUNGS[message.rung] or message.rung) }
  if message.state == 'stopped' then
    words[#words + 1] = 'stopped'
  end
  if cost then
    words[#words + 1] = ('%.1f s'):format(cost.seconds)
    if cost.input + cost.output > 0 then
      words[#words + 1] = ('%d tokens in, %d out'):format(cost.input, cost.output)
    end
    if cost.price and cost.price ~= vim.NIL then
      words[#words + 1] = ('%.4f'):format(cost.price)
    end
  end
  return '*' .. table.concat(words, ' · ') .. '*'
end

local function finish(message, cost)
  cancel = nil
  if message.state == 'streaming' then
    message.state = 'done'
  end
  append('\n')
  for _, citation in ipairs(message.citations) do
    append_target(('[%d] %s:%d'):format(citation.number, citation.place.path, citation.place.range.start.line + 1), { place = citation.place })
  end
  for _, proposal in ipairs(message.proposals) do
    append_target(('→ Review: %s'):format(proposal.title), { proposal = proposal.id })
  end
  append('\n\n' .. foot(message, cost))
  history.save(conversation)
  open_input()
  vim.api.nvim_exec_autocmds('User', { pattern = 'TreewrightChatDone', modeline = false })
end

local STEP = { waiting = '- [ ] ', running = '- [ ] ', done = '- [x] ', failed = '- [!] ', skipped = '- [-] ' }

local function take(message, part)
  if part.kind == 'text' then
    if message.text == '' then
      append('\n')
    end
    message.text = message.text .. part.text
    append(part.text)
    if M.first_text_at == 0 then
      M.first_text_at = vim.uv.hrtime()
    end
  elseif part.kind == 'rung' then
    message.rung = part.rung
  elseif part.kind == 'citation' then
    message.citations[#message.citations + 1] = part.citation
  elseif part.kind == 'plan' then
    for _, step in ipairs(part.steps) do
      append('\n' .. STEP.waiting .. step.title)
    end
  elseif part.kind == 'step' then
    local detail = part.step.detail ~= '' and (' (%s)'):format(part.step.detail) or ''
    append('\n' .. (STEP[part.step.state] or '- ') .. part.step.title .. detail)
  elseif part.kind == 'proposal' then
    message.proposals[#message.proposals + 1] = { id = part.proposal.id, title = part.proposal.title }
  elseif part.kind == 'notice' then
    append('\n> ' .. part.text .. '\n')
  end
end

local function turns()
  local found = {}
  local messages = conversation.messages
  for i = math.max(1, #messages - MOST_TURNS + 1), #messages do
    local each = messages[i]
    if each.text ~= '' and each.state ~= 'failed' then
      found[#found + 1] = { role = each.role, text = vim.fn.strcharpart(each.text, 0, LONGEST_TURN) }
    end
  end
  return found
end

local function send(words, mode)
  if cancel then
    return rpc.say('an answer is under way; :Treewright stop ends it')
  end
  local buffer = assert(buffer_of())
  local cut = vim.fn.strchars(words) > M.longest_message
  if cut then
    words = vim.fn.strcharpart(words, 0, M.longest_message)
  end
  -- What was written becomes the question; its section is drawn anew, so that no half of it stays.
  local place = input_mark and vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, input_mark, {})
  if place and place[1] then
    vim.api.nvim_buf_set_lines(buffer, place[1] + 1, -1, false, { '' })
    vim.api.nvim_buf_del_extmark(buffer, namespace, input_mark)
  end
  input_mark = nil
  append('\n' .. (mode == 'task' and '/task ' or '') .. words)
  if cut then
    append(('\n\n> The message was cut to %d characters.'):format(M.longest_message))
  end
  local along = vim.tbl_map(function(chip)
    return chip.item
  end, M.context())
  local before = turns()
  local message = { role = 'assistant', text = '', mode = mode, rung = '', citations = {}, proposals = {}, state = 'streaming' }
  table.insert(conversation.messages, { role = 'user', text = words, mode = mode, state = 'done' })
  table.insert(conversation.messages, message)
  chips = {}
  append('\n\n## Treewright\n')
  M.first_text_at = 0
  local token = rpc.listen(function(part)
    if message.state == 'streaming' then
      take(message, part)
    end
  end)
  local stop = rpc.request('treewright/chat', {
    message = words,
    mode = mode,
    context = along,
    history = before,
    partialResultToken = token,
  }, function(err, result)
    rpc.deaf(token)
    if message.state ~= 'streaming' then
      return
    end
    if err then
      message.state = 'failed'
      append('\n> Failed: ' .. err.message)
      return finish(message)
    end
    if message.text == '' then
      take(message, { kind = 'text', text = result.text })
    end
    message.rung, message.citations, message.id = result.rung, result.citations, result.id
    finish(message, result.cost)
  end, source and vim.api.nvim_buf_is_loaded(source) and source or buffer)
  if message.state == 'streaming' and stop then
    cancel = function()
      stop()
      rpc.deaf(token)
      message.state = 'stopped' -- no answer comes after a cancellation
      finish(message)
    end
  end
end

--- Stop the answer that is under way. Returns whether there was one.
function M.stop()
  if cancel then
    cancel()
    return true
  end
  return false
end

--- What the user thinks of the last answer.
--- @param word string
--- @param comment string?
function M.rate(word, comment)
  for i = #conversation.messages, 1, -1 do
    local message = conversation.messages[i]
    if message.role == 'assistant' and message.id then
      return require('treewright.feedback').rate(message.id, word, comment or '')
    end
  end
  require('treewright.feedback').rate(nil, word, '')
end

-- ------------------------------------------------------------------ the buffer

local function on_enter()
  local buffer = assert(buffer_of())
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, namespace, { row, 0 }, { row, -1 }, {})) do
    local target = targets[mark[1]]
    if target and target.place then
      vim.cmd.wincmd('p')
      if vim.api.nvim_get_current_buf() == buffer then
        vim.cmd('leftabove vertical split')
      end
      return require('treewright.lists').open(target.place)
    elseif target and target.proposal then
      return require('treewright.proposals').fetch({ proposal = target.proposal }, require('treewright.review').present)
    end
  end
  M.send()
end

--- Send what is written in the last section.
function M.send()
  local words = input()
  if words == '' then
    return rpc.say('write below the last "## You" first')
  end
  local task = words:match('^/task%s+(.+)$')
  send(task or words, task and 'task' or 'ask')
end

local function show(draft)
  local buffer = buffer_of()
  if not buffer then
    buffer = vim.fn.bufadd(NAME)
    vim.fn.bufload(buffer)
    local options = vim.bo[buffer]
    options.buftype, options.swapfile, options.bufhidden, options.buflisted = 'nofile', false, 'hide', false
    options.modeline = false
    options.filetype = 'markdown'
    local function map(mode, key, act, what)
      vim.keymap.set(mode, key, act, { buffer = buffer, desc = 'treewright: ' .. what })
    end
    map('n', '<CR>', on_enter, 'send, or open what is under the cursor')
    map('i', '<C-s>', function()
      vim.cmd.stopinsert()
      M.send()
    end, 'send')
    map('n', '<C-c>', M.stop, 'stop the answer')
    map('n', '+', function()
      M.rate('good')
    end, 'the last answer was of use')
    map('n', '-', function()
      M.rate('bad')
    end, 'the last answer was of no use')
    map('n', 'q', '<Cmd>close<CR>', 'close the chat')
    for _, message in ipairs(conversation.messages) do
      append(('%s## %s\n\n%s'):format(vim.api.nvim_buf_line_count(buffer) > 1 and '\n\n' or '', message.role == 'user' and 'You' or 'Treewright', message.text))
      for _, citation in ipairs(message.citations or {}) do
        append_target(('[%d] %s:%d'):format(citation.number, citation.place.path, citation.place.range.start.line + 1), { place = citation.place })
      end
    end
    open_input(draft)
  elseif draft and draft ~= '' then
    append(draft)
  end
  local window = vim.fn.win_findbuf(buffer)[1]
  if window then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd('botright vertical split')
    vim.api.nvim_win_set_buf(0, buffer)
    vim.wo.wrap, vim.wo.linebreak, vim.wo.number, vim.wo.relativenumber = true, true, false, false
  end
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(buffer), 0 })
  draw_chips()
end

--- Open the chat; with words, say them at once.
--- @param words string
--- @param mode 'ask'|'task'
--- @param command table? whose rows go along
function M.open(words, mode, command)
  local here = vim.api.nvim_get_current_buf()
  if vim.bo[here].buftype == '' then
    source = here
    if text.rows(command) then
      M.add_context({}, command)
    end
  end
  show()
  if words ~= '' then
    if mode == 'task' and not config.options().trusted then
      return rpc.say('tasks are off: vim.g.treewright.trusted is false', vim.log.levels.WARN)
    end
    send(words, mode)
  end
end

--- Begin another conversation; this one is kept.
function M.new()
  M.stop()
  conversation = history.new()
  targets, chips = {}, {}
  local buffer = buffer_of()
  if buffer then
    vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, {})
    open_input()
  end
  show()
end

--- Choose an earlier conversation of this workspace.
function M.history()
  local kept = history.list()
  if #kept == 0 then
    return rpc.say('no conversation is kept for this workspace')
  end
  vim.ui.select(kept, {
    prompt = 'Conversations',
    format_item = function(each)
      return ('%s  (%s)'):format(each.title, os.date('%Y-%m-%d %H:%M', each.at))
    end,
  }, function(chosen)
    if not chosen then
      return
    end
    M.stop()
    conversation = history.load(chosen)
    targets, chips = {}, {}
    local buffer = buffer_of()
    if buffer then
      vim.api.nvim_buf_delete(buffer, { force = true })
    end
    show()
  end)
end

return M
