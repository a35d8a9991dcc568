-- The review buffer: every proposal with its files, hunks, checks and what was left alone. Tick what
-- is wanted and accept it; nothing is written before.
local hunks = require('treewright.hunks')
local proposals = require('treewright.proposals')
local rpc = require('treewright.rpc')

local M = {}

local NAME = 'treewright://review'
local namespace = vim.api.nvim_create_namespace('treewright.review')

--- What a line of the buffer stands for: `entry` always, `file` or `hunk` below it.
--- @type table<integer, {entry: treewright.Entry, file: table?, hunk: table?, note: table?}>
local at_line = {}

local function shorten(text, length)
  text = vim.trim(text:gsub('%s+', ' '))
  return vim.fn.strchars(text) > length and vim.fn.strcharpart(text, 0, length - 1) .. '…' or text
end

local function hunk_line(entry, file, hunk)
  local tick = entry:is_ticked(hunk.id) and '[x]' or '[ ]'
  local words
  if hunks.is_whole_file(hunk, file) then
    local verb = { create = 'create the file', delete = 'delete the file', rename = 'rename to ' .. tostring(file.newPath) }
    words = verb[file.kind]
  else
    local old, new = shorten(hunk.oldText, 34), shorten(hunk.newText, 34)
    local change = old == '' and '+ ' .. new or new == '' and '- ' .. old or ('%s → %s'):format(old, new)
    words = ('%d: %s'):format(hunk.range.start.line + 1, change)
  end
  local extra = hunk.needsConfirmation and ('  ! ' .. shorten(hunk.note, 60)) or ''
  return ('      %s %s%s'):format(tick, words, extra), hunk.needsConfirmation
end

local MARK = { ok = 'ok', failed = 'FAILED', skipped = 'skipped' }

--- The lines of one proposal, each with what it stands for and a highlight.
local function lines_of(entry)
  local found = {}
  local function add(line, what, group)
    found[#found + 1] = { line = (line:gsub('[\r\n]', ' ')), what = what or { entry = entry }, group = group }
  end
  local proposal = entry.proposal
  local pending = entry:pending()
  local stale = entry:stale()
  add(('%s  (%s, %d hunk%s)'):format(proposal.title, proposal.rung, #pending, #pending == 1 and '' or 's'), nil, 'Title')
  if #stale > 0 then
    add('    out of date: ' .. table.concat(stale, ', ') .. '; R plans it again', nil, 'TreewrightStale')
  end
  if proposal.reason ~= '' then
    add('    ' .. shorten(proposal.reason, 100), nil, 'TreewrightHint')
  end
  for _, check in ipairs(proposal.report.checks) do
    local detail = check.detail ~= '' and (': ' .. shorten(check.detail, 80)) or ''
    add(('    %s %s%s'):format(check.name, MARK[check.status] or check.status, detail), nil,
      check.status == 'failed' and 'TreewrightStale' or 'TreewrightHint')
  end
  for _, problem in ipairs(proposal.report.newProblems) do
    add('    new problem: ' .. shorten(problem, 100), nil, 'TreewrightWarning')
  end
  for _, file in ipairs(proposal.changes) do
    local mine = entry:pending(file.uri)
    if #mine > 0 then
      add(('    %s'):format(file.path), { entry = entry, file = file }, 'Directory')
      for _, hunk in ipairs(mine) do
        local line, warn = hunk_line(entry, file, hunk)
        add(line, { entry = entry, file = file, hunk = hunk }, warn and 'TreewrightWarning' or nil)
      end
    end
  end
  for _, note in ipairs(proposal.notes) do
    add(('    left alone, worth a look: %s:%d: %s'):format(
      note.place.path, note.place.range.start.line + 1, shorten(note.text, 60)), { entry = entry, note = note }, 'TreewrightHint')
  end
  return found
end

local HELP = '<Space> tick  a accept  x reject  d dismiss  c comment  <CR> open  = diff  R plan again  q close'

local function draw()
  local buffer = vim.fn.bufnr(NAME)
  if buffer < 0 or not vim.api.nvim_buf_is_loaded(buffer) then
    return
  end
  at_line = {}
  local lines, groups = { HELP, '' }, { [1] = 'TreewrightHint' }
  for _, entry in ipairs(proposals.entries) do
    for _, each in ipairs(lines_of(entry)) do
      lines[#lines + 1] = each.line
      at_line[#lines] = each.what
      groups[#lines] = each.group
    end
    lines[#lines + 1] = ''
  end
  if #proposals.entries == 0 then
    lines[#lines + 1] = 'Nothing is under review.'
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].modified = false
  vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  for row, group in pairs(groups) do
    vim.api.nvim_buf_set_extmark(buffer, namespace, row - 1, 0, { end_row = row, hl_group = group, strict = false })
  end
end

local function here()
  return at_line[vim.api.nvim_win_get_cursor(0)[1]]
end

local function ids_of(what)
  if what.hunk then
    return { what.hunk.id }
  end
  return vim.tbl_map(function(hunk)
    return hunk.id
  end, what.entry:pending(what.file and what.file.uri))
end

--- A window for a file: the one before this one, else a new one beside it.
local function leave()
  vim.cmd.wincmd('p')
  if vim.api.nvim_buf_get_name(0) == NAME then
    vim.cmd('aboveleft split')
  end
end

local function show(fresh)
  draw()
  rpc.say('planned again: ' .. fresh.proposal.title)
end

--- The file as it is and as it would be with what is ticked, in a tab of its own.
local function diff(what)
  local file = what.file or what.entry.proposal.changes[1]
  if file.kind == 'delete' then
    return rpc.say('the file would be deleted')
  end
  local entry = what.entry
  local before, name = {}, file.path
  vim.cmd.tabnew()
  if file.kind ~= 'create' then
    vim.cmd.edit(vim.fn.fnameescape(vim.uri_to_fname(file.uri)))
    before = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  end
  local filetype = vim.bo.filetype
  vim.cmd.diffthis()
  vim.cmd('rightbelow vertical new')
  local buffer = vim.api.nvim_get_current_buf()
  vim.bo[buffer].buftype, vim.bo[buffer].bufhidden, vim.bo[buffer].swapfile = 'nofile', 'wipe', false
  pcall(vim.api.nvim_buf_set_name, buffer, ('treewright://proposed/%s/%s'):format(entry.id, name))
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, before)
  local edits = {}
  for _, hunk in ipairs(entry:pending(file.uri)) do
    local _, place = entry:span(hunk.id)
    if place and entry:is_ticked(hunk.id) then
      edits[#edits + 1] = { place = place, text = hunk.newText, order = #edits }
    elseif file.kind == 'create' then
      edits[#edits + 1] = { place = { 0, 0, 1, 0 }, text = hunk.newText, order = 0 }
    end
  end
  table.sort(edits, function(a, b)
    return a.place[1] < b.place[1] or (a.place[1] == b.place[1] and a.place[2] < b.place[2])
  end)
  hunks.apply(buffer, edits, {})
  vim.bo[buffer].filetype = filetype
  vim.bo[buffer].modifiable = false
  vim.cmd.diffthis()
end

local actions = {
  ['<Space>'] = function(what)
    local ids = ids_of(what)
    local ticked = vim.iter(ids):all(function(id)
      return what.entry:is_ticked(id)
    end)
    what.entry:tick(ids, not ticked)
    draw()
  end,
  a = function(what)
    local entry = what.entry
    local ids = vim.tbl_filter(function(id)
      return entry:is_ticked(id)
    end, ids_of({ entry = entry }))
    if #ids == 0 then
      return rpc.say('nothing is ticked: <Space> ticks')
    end
    local ok, reason = proposals.accept(entry, ids)
    if not ok then
      return proposals.complain(entry, reason, show)
    end
    if not entry:is_done() then -- what was left unticked has been decided too
      proposals.close(entry, 'rejected')
    end
  end,
  x = function(what)
    if what.file or what.hunk then
      proposals.reject(what.entry, ids_of(what))
    else
      proposals.close(what.entry, 'rejected')
    end
  end,
  d = function(what)
    proposals.close(what.entry, 'dismissed')
  end,
  c = function(what)
    vim.ui.input({ prompt = 'What do you think of it? ' }, function(words)
      if words and words ~= '' then
        proposals.comment(what.entry, words)
      end
    end)
  end,
  ['<CR>'] = function(what)
    if what.note then
      leave()
      return require('treewright.lists').open(what.note.place)
    end
    leave()
    local hunk = what.hunk or what.entry:pending(what.file and what.file.uri)[1]
    require('treewright.inline').show(what.entry, hunk and hunk.id)
  end,
  ['='] = diff,
  R = function(what)
    proposals.refresh(what.entry, show)
  end,
}

--- Open the review, with what the server still has open.
function M.open()
  local buffer = vim.fn.bufnr(NAME)
  local window = buffer > 0 and vim.fn.win_findbuf(buffer)[1]
  if window then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd('botright 15split')
    buffer = vim.fn.bufadd(NAME)
    vim.fn.bufload(buffer)
    vim.api.nvim_win_set_buf(0, buffer)
    vim.wo.number, vim.wo.relativenumber, vim.wo.wrap, vim.wo.cursorline = false, false, false, true
    vim.wo.winfixheight = true
  end
  local options = vim.bo[buffer]
  options.buftype, options.swapfile, options.buflisted = 'nofile', false, false
  options.bufhidden, options.filetype = 'hide', 'treewright-review'
  for key, act in pairs(actions) do
    vim.keymap.set('n', key, function()
      local what = here()
      if what then
        act(what)
      end
    end, { buffer = buffer, nowait = true, desc = 'treewright review' })
  end
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, nowait = true, desc = 'close the review' })
  vim.api.nvim_create_autocmd('User', {
    group = vim.api.nvim_create_augroup('treewright.review', { clear = true }),
    pattern = 'TreewrightProposals',
    callback = draw,
  })
  draw()
  if proposals.entries[1] then
    vim.api.nvim_win_set_cursor(0, { 3, 0 })
  end
  proposals.reload(draw)
end

--- @return boolean whether the cursor stands in the review
function M.is_here()
  return vim.api.nvim_buf_get_name(0) == NAME
end

--- Decide what the cursor stands on: the proposal, or with `part` its file or hunk there.
--- @param decision 'accept'|'reject'
--- @param part boolean?
function M.decide(decision, part)
  local what = here()
  if not what and #proposals.entries == 1 then
    what = { entry = proposals.entries[1] }
  end
  if not what then
    return rpc.say('put the cursor on a proposal')
  end
  if not part then
    what = { entry = what.entry }
  end
  if decision == 'reject' then
    return actions.x(what)
  end
  if not (what.file or what.hunk) then
    return actions.a(what)
  end
  local ok, reason = proposals.accept(what.entry, ids_of(what))
  if not ok then
    proposals.complain(what.entry, reason, show)
  end
end

--- Show a proposal where it is reviewed best: in its only file, else in the review.
--- @param entry treewright.Entry
function M.present(entry)
  local first = entry.proposal.changes[1]
  if #entry.proposal.changes == 1 and first.kind == 'edit' and #entry:stale() == 0 then
    return require('treewright.inline').show(entry)
  end
  M.open()
  for line, what in pairs(at_line) do
    if what.entry == entry and not what.file and (vim.api.nvim_win_get_cursor(0)[1] > line or here() and here().entry ~= entry) then
      vim.api.nvim_win_set_cursor(0, { line, 0 })
    end
  end
end

return M
