-- Review in the buffer: what each pending hunk takes is struck through, what it gives is shown in
-- virtual text, and each is accepted or rejected with a key. The text itself is not touched before.
local config = require('treewright.config')
local proposals = require('treewright.proposals')
local rpc = require('treewright.rpc')
local text = require('treewright.text')

local M = {}

local NOTHING = 'there is no hunk in this buffer; :Treewright review shows what is open'

M.namespace = vim.api.nvim_create_namespace('treewright.inline')

local highlights = {
  TreewrightRemoved = { link = 'DiffDelete' },
  TreewrightStruck = { strikethrough = true },
  TreewrightAdded = { link = 'DiffAdd' },
  TreewrightHint = { link = 'Comment' },
  TreewrightWarning = { link = 'DiagnosticWarn' },
  TreewrightStale = { link = 'DiagnosticError' },
}

--- Longest new text that is shown in the line itself, in bytes.
local IN_LINE = 80

--- @class treewright.Shown
--- @field entry treewright.Entry
--- @field hunk table
--- @field buffer integer
--- @field place integer[]

--- The pending hunks of a buffer, in the order of the text.
--- @param buffer integer
--- @return treewright.Shown[]
function M.hunks(buffer)
  buffer = buffer == 0 and vim.api.nvim_get_current_buf() or buffer
  local found = {}
  for _, entry in ipairs(proposals.in_buffer(buffer)) do
    for _, hunk in ipairs(entry:pending()) do
      local where, place = entry:span(hunk.id)
      if where == buffer then
        found[#found + 1] = { entry = entry, hunk = hunk, buffer = buffer, place = place, order = #found }
      end
    end
  end
  table.sort(found, function(a, b)
    for i = 1, 2 do
      if a.place[i] ~= b.place[i] then
        return a.place[i] < b.place[i]
      end
    end
    return a.order < b.order
  end)
  return found
end

local function key_of(name)
  local key = config.options().keys
  return key and key[name] or ('<Plug>(treewright-%s)'):format(name)
end

--- What stands at the end of the first line of a hunk.
local function hint(shown, index, count)
  local needed = #shown.entry:with_needed({ shown.hunk.id }) - 1
  local words = ('  %d/%d'):format(index, count)
  local label = shown.hunk.label ~= '' and ('  ' .. shown.hunk.label) or ''
  local keys = ('  %s accept%s  %s reject'):format(
    key_of('accept'), needed > 0 and (' with %d more'):format(needed) or '', key_of('reject'))
  local chunks = { { words, 'TreewrightHint' }, { label, 'TreewrightHint' }, { keys, 'TreewrightHint' } }
  if shown.hunk.needsConfirmation then
    table.insert(chunks, 2, { '  ' .. shown.hunk.note, 'TreewrightWarning' })
  end
  return chunks
end

--- How the lines of a hunk read once it is in; nil when it only takes something away.
local function new_lines(buffer, place, new_text)
  local row, column, end_row, end_column = unpack(place)
  local lines = vim.split(text.plain(new_text), '\n', { plain = true })
  local ends_line = end_column == 0 and lines[#lines] == ''
  if column > 0 then
    lines[1] = text.slice(buffer, row, 0, row, column) .. lines[1]
  end
  if ends_line then
    table.remove(lines)
  else
    local line = vim.api.nvim_buf_get_lines(buffer, end_row, end_row + 1, false)[1] or ''
    lines[#lines] = lines[#lines] .. line:sub(end_column + 1)
  end
  return #lines > 0 and lines or nil
end

local function draw_hunk(shown, index, count)
  local buffer, place, hunk = shown.buffer, shown.place, shown.hunk
  local row, column, end_row, end_column = unpack(place)
  local last = vim.api.nvim_buf_line_count(buffer) - 1
  local function mark(at_row, at_column, options)
    options.strict = false
    vim.api.nvim_buf_set_extmark(buffer, M.namespace, math.min(at_row, last), at_column, options)
  end
  if hunk.oldText ~= '' then
    mark(row, column, { end_row = end_row, end_col = end_column, hl_group = 'TreewrightRemoved', hl_eol = true })
  end
  -- Of each line what is written, not its indent nor what is right of it.
  for at = row, math.min(end_row, last) do
    local line = text.slice(buffer, at, 0, at, at == end_row and end_column or -1)
    local from = math.max(at == row and column or 0, #line:match('^%s*'))
    if from < #line then
      mark(at, from, { end_row = at, end_col = #line, hl_group = 'TreewrightStruck' })
    end
  end
  mark(row, row > last and 0 or column, {
    virt_text = hint(shown, index, count),
    virt_text_pos = 'eol',
    sign_text = hunk.oldText == '' and '+' or hunk.newText == '' and '-' or '~',
    sign_hl_group = 'TreewrightHint',
  })
  if hunk.newText == '' then
    return
  end
  local in_line = row == end_row and row <= last and not hunk.newText:find('[\r\n]') and #hunk.newText <= IN_LINE
  if in_line then
    local shows = hunk.newText
    local indent = shows:match('^%s+')
    if column == 0 and indent and vim.startswith(hunk.oldText, indent) then
      shows = ' ' .. shows:sub(#indent + 1) -- it stands there already
    end
    return mark(end_row, end_column, {
      virt_text = { { shows, 'TreewrightAdded' } },
      virt_text_pos = 'inline',
      right_gravity = true,
    })
  end
  local lines = new_lines(buffer, place, hunk.newText)
  if not lines then
    return
  end
  local virtual = vim.tbl_map(function(line)
    -- A tab in virtual text is one cell wide otherwise.
    line = line:gsub('\t', (' '):rep(vim.bo[buffer].tabstop))
    return { { line == '' and ' ' or line, 'TreewrightAdded' } }
  end, lines)
  local whole_lines = end_column == 0 and (end_row > row or column == 0)
  local below = whole_lines and end_row - 1 or end_row
  mark(math.max(below, 0), 0, { virt_lines = virtual, virt_lines_above = below < 0 })
  if below < 0 then -- lines above the first one are only shown when there is room for them
    for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
      vim.api.nvim_win_call(window, function()
        if vim.fn.line('w0') == 1 then
          vim.fn.winrestview({ topfill = #virtual })
        end
      end)
    end
  end
end

local drawn = {} --- @type table<integer, boolean>

local function set_keys(buffer, on)
  local keys = config.options().keys
  if not keys then
    return
  end
  for name, key in pairs(keys) do
    local plug = ('<Plug>(treewright-%s)'):format(name)
    if on and vim.fn.maparg(key, 'n') == '' then
      vim.keymap.set('n', key, plug, { buffer = buffer, remap = true, desc = 'treewright: ' .. name })
    elseif not on then
      local mapped = vim.fn.maparg(key, 'n', false, true)
      if mapped.buffer == 1 and mapped.rhs == plug then
        vim.keymap.del('n', key, { buffer = buffer })
      end
    end
  end
end

--- Draw the hunks of every buffer anew.
function M.redraw()
  for name, value in pairs(highlights) do
    value.default = true
    vim.api.nvim_set_hl(0, name, value)
  end
  local wanted = {}
  for _, entry in ipairs(proposals.entries) do
    for _, buffer in ipairs(entry:buffers()) do
      wanted[buffer] = true
    end
  end
  for buffer in pairs(drawn) do
    if vim.api.nvim_buf_is_valid(buffer) then
      vim.api.nvim_buf_clear_namespace(buffer, M.namespace, 0, -1)
      if not wanted[buffer] then
        vim.api.nvim_buf_call(buffer, function()
          set_keys(buffer, false)
        end)
        drawn[buffer] = nil
      end
    else
      drawn[buffer] = nil
    end
  end
  for buffer in pairs(wanted) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      local found = M.hunks(buffer)
      for index, shown in ipairs(found) do
        draw_hunk(shown, index, #found)
      end
      if not drawn[buffer] then
        drawn[buffer] = true
        vim.api.nvim_buf_call(buffer, function()
          set_keys(buffer, true)
        end)
      end
      local lost = 0
      for _, entry in ipairs(proposals.in_buffer(buffer)) do
        for _, hunk in ipairs(entry:pending(vim.uri_from_bufnr(buffer))) do
          lost = lost + (entry:span(hunk.id) and 0 or 1)
        end
      end
      if lost > 0 then
        vim.api.nvim_buf_set_extmark(buffer, M.namespace, 0, 0, {
          virt_text = { { ('  %d hunk%s out of date: :Treewright refresh'):format(lost, lost == 1 and '' or 's'), 'TreewrightStale' } },
        })
      end
    end
  end
end

local planned = false

--- Once, after what is going on now.
function M.redraw_soon()
  if planned then
    return
  end
  planned = true
  vim.schedule(function()
    planned = false
    M.redraw()
  end)
end

--- Go to the first pending hunk of a proposal, or to the one named.
--- @param entry treewright.Entry
--- @param id string?
function M.show(entry, id)
  for _, hunk in ipairs(entry:pending()) do
    local buffer, place = entry:span(hunk.id)
    if buffer and place and (id == nil or hunk.id == id) then
      if vim.api.nvim_get_current_buf() ~= buffer then
        vim.cmd.normal({ "m'", bang = true })
        local window = vim.fn.win_findbuf(buffer)[1]
        if window then
          vim.api.nvim_set_current_win(window)
        else
          vim.bo[buffer].buflisted = true
          vim.cmd.buffer(buffer)
        end
      end
      M.go_to({ buffer = buffer, place = place })
      M.redraw()
      return
    end
  end
end

function M.go_to(shown)
  local row = math.min(shown.place[1], vim.api.nvim_buf_line_count(shown.buffer) - 1)
  vim.api.nvim_win_set_cursor(0, { row + 1, row == shown.place[1] and shown.place[2] or 0 })
  vim.cmd.normal({ 'zv', bang = true })
end

--- The hunk at the cursor, else the next one, else the first.
--- @return treewright.Shown?
function M.at_cursor()
  local buffer = vim.api.nvim_get_current_buf()
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  local found = M.hunks(buffer)
  local on_row, next_one
  for _, shown in ipairs(found) do
    local place = shown.place
    local after_start = row > place[1] or (row == place[1] and column >= place[2])
    local before_end = row < place[3] or (row == place[3] and column < math.max(place[4], place[2] + 1))
    if after_start and before_end then
      return shown
    end
    local last = (place[4] == 0 and place[3] > place[1]) and place[3] - 1 or place[3]
    if row >= place[1] and row <= last then
      on_row = on_row or shown
    end
    if place[1] > row or (place[1] == row and place[2] >= column) then
      next_one = next_one or shown
    end
  end
  return on_row or next_one or found[1]
end

local function go_on(buffer)
  if vim.api.nvim_get_current_buf() ~= buffer then
    return
  end
  local shown = M.at_cursor()
  if shown then
    M.go_to(shown)
  end
end

function M.accept()
  local review = require('treewright.review')
  if review.is_here() then
    return review.decide('accept', true)
  end
  local shown = M.at_cursor()
  if not shown then
    local entry = proposals.in_buffer(vim.api.nvim_get_current_buf())[1]
    if entry then
      return proposals.complain(entry, 'the text has changed since this was proposed', M.show)
    end
    return rpc.say(NOTHING)
  end
  local ok, reason = proposals.accept(shown.entry, { shown.hunk.id })
  if not ok then
    return proposals.complain(shown.entry, reason, M.show)
  end
  go_on(shown.buffer)
end

function M.reject()
  local review = require('treewright.review')
  if review.is_here() then
    return review.decide('reject', true)
  end
  local shown = M.at_cursor()
  if not shown then
    return rpc.say(NOTHING)
  end
  proposals.reject(shown.entry, { shown.hunk.id })
  go_on(shown.buffer)
end

--- Everything that is proposed for this buffer.
function M.all(decision)
  local buffer = vim.api.nvim_get_current_buf()
  local review = require('treewright.review')
  if review.is_here() then
    return review.decide(decision)
  end
  local entries = proposals.in_buffer(buffer)
  if #entries == 0 then
    return rpc.say(NOTHING)
  end
  for _, entry in ipairs(entries) do
    local ids = vim.tbl_map(function(hunk)
      return hunk.id
    end, entry:pending(vim.uri_from_bufnr(buffer)))
    if decision == 'accept' then
      local ok, reason = proposals.accept(entry, ids)
      if not ok then
        proposals.complain(entry, reason, M.show)
      end
    else
      proposals.reject(entry, ids)
    end
  end
end

--- @param forward boolean
function M.step(forward)
  local found = M.hunks(vim.api.nvim_get_current_buf())
  if #found == 0 then
    return rpc.say(NOTHING)
  end
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  local target
  for _, shown in ipairs(found) do
    local place = shown.place
    if forward and (place[1] > row or (place[1] == row and place[2] > column)) then
      target = target or shown
    elseif not forward and (place[1] < row or (place[1] == row and place[2] < column)) then
      target = shown
    end
  end
  M.go_to(target or found[forward and 1 or #found])
end

return M
