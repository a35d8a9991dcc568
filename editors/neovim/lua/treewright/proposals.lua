-- The proposals under review, and the only place where one is put into the user's text.
--
-- Nothing is written before the user accepts it: files are changed in buffers, and `:wall` writes
-- them. What became of each hunk is told to the server, which watches the text from then on.
local hunks = require('treewright.hunks')
local rpc = require('treewright.rpc')
local text = require('treewright.text')

local M = {}

--- In the order they came.
--- @type treewright.Entry[]
M.entries = {}

--- How long the last acceptance took until the text was changed, in milliseconds.
M.last_ms = 0

--- Ids of what was decided here: an answer that was under way may still call them open.
local decided = {} --- @type table<string, boolean>

local attached = {} --- @type table<integer, boolean>
local undone = {} --- @type {buffer: integer, seq: integer, tick: integer}[]

local function changed()
  require('treewright.inline').redraw()
  vim.api.nvim_exec_autocmds('User', { pattern = 'TreewrightProposals', modeline = false })
end

--- Draw anew what moved; the list of entries says what is still there.
local function watch(buffer)
  if attached[buffer] then
    return
  end
  attached[buffer] = vim.api.nvim_buf_attach(buffer, false, {
    on_lines = function()
      if #M.in_buffer(buffer) == 0 then
        attached[buffer] = nil
        return true
      end
      require('treewright.inline').redraw_soon()
    end,
    on_reload = function()
      vim.schedule(function()
        for _, entry in ipairs(M.entries) do
          entry:reloaded(buffer)
        end
        changed()
      end)
    end,
    on_detach = function()
      attached[buffer] = nil
    end,
  })
end

--- Entries with pending hunks in a buffer.
--- @return treewright.Entry[]
function M.in_buffer(buffer)
  buffer = buffer == 0 and vim.api.nvim_get_current_buf() or buffer
  return vim.tbl_filter(function(entry)
    return vim.list_contains(entry:buffers(), buffer)
  end, M.entries)
end

--- @return treewright.Entry?
function M.get(id)
  for _, entry in ipairs(M.entries) do
    if entry.id == id then
      return entry
    end
  end
end

--- Put a proposal up for review. Its files are loaded unseen, so that accepting is instant.
--- @param proposal table
--- @return treewright.Entry
function M.offer(proposal)
  local known = M.get(proposal.id)
  if known and not known:is_done() then
    return known
  end
  local client = rpc.client()
  local entry = hunks.entry(proposal, client and client.offset_encoding or 'utf-8')
  for _, file in ipairs(proposal.changes) do
    entry:place(file)
  end
  M.entries[#M.entries + 1] = entry
  for _, buffer in ipairs(entry:buffers()) do
    watch(buffer)
  end
  changed()
  return entry
end

--- The proposal of that id, from the server where it is not known here.
--- @param params table what treewright/proposals/get takes
--- @param done fun(entry: treewright.Entry)
function M.fetch(params, done)
  local known = params.proposal and M.get(params.proposal)
  if known then
    return done(known)
  end
  rpc.request('treewright/proposals/get', params, function(err, proposal)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    done(M.offer(proposal))
  end)
end

local function forget(entry)
  decided[entry.id] = true
  for i, each in ipairs(M.entries) do
    if each == entry then
      table.remove(M.entries, i)
    end
  end
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    for _, file in ipairs(entry.proposal.changes) do
      if vim.api.nvim_buf_is_loaded(buffer) and vim.uri_from_bufnr(buffer) == file.uri then
        entry:_forget(file)
      end
    end
  end
end

--- What is to be told of each proposal, in order: the server answers requests side by side, and
--- the last one must not overtake the first.
local outcomes = {} --- @type table[]

local function tell()
  local params = outcomes[1]
  rpc.request('treewright/proposals/settle', params, function(err)
    if err then
      rpc.say('the outcome was not recorded: ' .. err.message, vim.log.levels.WARN)
    end
    table.remove(outcomes, 1)
    if outcomes[1] then
      tell()
    end
  end)
end

local function settle(entry, accepted, rejected, verdict, comment)
  outcomes[#outcomes + 1] = {
    proposal = entry.id,
    accepted = accepted,
    rejected = rejected,
    final = entry:is_done(),
    verdict = verdict,
    comment = comment,
  }
  if #outcomes == 1 then
    tell()
  end
end

--- Everything that has to be done for these hunks, or the reason why it cannot be.
local function plan(entry, ids)
  local edits, whole = {}, {}
  for _, id in ipairs(ids) do
    local hunk, file = entry:hunk(id), entry:file(id)
    if hunks.is_whole_file(hunk, file) then
      local exists = vim.uv.fs_stat(vim.uri_to_fname(file.kind == 'rename' and file.newUri or file.uri))
      if file.kind ~= 'delete' and exists then
        return nil, nil, ('%s is there already'):format(file.newPath or file.path)
      end
      whole[#whole + 1] = { file = file, hunk = hunk }
    else
      local buffer, place = entry:span(id)
      if not buffer then
        return nil, nil, ('%s has changed since this was proposed'):format(file.path)
      end
      if not vim.bo[buffer].modifiable then
        return nil, nil, ('%s is not modifiable'):format(file.path)
      end
      edits[buffer] = edits[buffer] or {}
      table.insert(edits[buffer], { place = place, text = hunk.newText, order = #edits[buffer] })
    end
  end
  return edits, whole
end

local function by_place(a, b)
  for i = 1, 2 do
    if a.place[i] ~= b.place[i] then
      return a.place[i] < b.place[i]
    end
  end
  return a.order < b.order
end

--- The creation, renaming or deletion of a file.
local function whole_file(file, hunk)
  local name = vim.uri_to_fname(file.uri)
  if file.kind == 'create' then
    local buffer = vim.fn.bufadd(name)
    vim.fn.bufload(buffer)
    vim.bo[buffer].buflisted = true
    vim.fn.mkdir(vim.fs.dirname(name), 'p')
    text.replace(buffer, 0, 0, vim.api.nvim_buf_line_count(buffer), 0, hunk.newText)
    if vim.bo[buffer].filetype == '' then
      vim.bo[buffer].filetype = vim.filetype.match({ buf = buffer, filename = name }) or ''
    end
  elseif file.kind == 'rename' then
    vim.fn.mkdir(vim.fs.dirname(vim.uri_to_fname(file.newUri)), 'p')
    vim.lsp.util.rename(name, vim.uri_to_fname(file.newUri), { overwrite = false })
  else
    local buffer = vim.fn.bufnr(name)
    vim.fn.delete(name)
    if buffer > 0 and not vim.bo[buffer].modified then
      vim.api.nvim_buf_delete(buffer, {})
    end
  end
end

--- Put these hunks, and what they need, into the text: one undo step in each buffer.
--- @param entry treewright.Entry
--- @param ids string[]
--- @return boolean ok, string reason
function M.accept(entry, ids)
  local begun = vim.uv.hrtime()
  local wanted = entry:with_needed(ids)
  if #wanted == 0 then
    return false, 'nothing is left to accept'
  end
  local edits, whole, reason = plan(entry, wanted)
  if not edits then
    changed()
    return false, reason or ''
  end
  entry:decide(wanted, 'accepted') -- before the edit: what is decided does not move along
  undone = {}
  local files = 0
  for buffer, mine in pairs(edits) do
    table.sort(mine, by_place)
    text.new_undo_step(buffer)
    local seq = vim.api.nvim_buf_call(buffer, function()
      return vim.fn.undotree().seq_cur
    end)
    hunks.apply(buffer, mine, M.entries)
    vim.bo[buffer].buflisted = true
    undone[#undone + 1] = { buffer = buffer, seq = seq, tick = vim.api.nvim_buf_get_changedtick(buffer) }
    files = files + 1
  end
  for _, each in ipairs(whole) do
    whole_file(each.file, each.hunk)
    files = files + 1
  end
  M.last_ms = (vim.uv.hrtime() - begun) / 1e6
  settle(entry, wanted, {}, 'accepted')
  if entry:is_done() then
    forget(entry)
  end
  changed()
  rpc.say(('applied %d hunk%s in %d file%s; :wall writes, :Treewright undo takes it back'):format(
    #wanted, #wanted == 1 and '' or 's', files, files == 1 and '' or 's'))
  return true, ''
end

--- Take back the last acceptance, in every buffer that was not edited since.
function M.undo()
  if #undone == 0 then
    return rpc.say('there is nothing to take back')
  end
  local left = {}
  for _, each in ipairs(undone) do
    if vim.api.nvim_buf_is_loaded(each.buffer) and vim.api.nvim_buf_get_changedtick(each.buffer) == each.tick then
      vim.api.nvim_buf_call(each.buffer, function()
        vim.cmd(('silent undo %d'):format(each.seq))
      end)
    else
      left[#left + 1] = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(each.buffer), ':~:.')
    end
  end
  undone = {}
  if #left > 0 then
    rpc.say('edited since, use u there: ' .. table.concat(left, ', '), vim.log.levels.WARN)
  end
end

--- @param entry treewright.Entry
--- @param ids string[]
function M.reject(entry, ids)
  local gone = entry:with_dependants(ids)
  entry:decide(gone, 'rejected')
  settle(entry, {}, gone, 'rejected')
  if entry:is_done() then
    forget(entry)
  end
  changed()
end

--- Take a proposal off the list.
--- @param entry treewright.Entry
--- @param verdict 'rejected'|'dismissed'
function M.close(entry, verdict)
  local rest = vim.tbl_map(function(hunk)
    return hunk.id
  end, entry:pending())
  entry:decide(rest, 'rejected')
  settle(entry, {}, verdict == 'rejected' and rest or {}, verdict)
  forget(entry)
  changed()
end

--- Say what the user thinks of it; it decides nothing.
function M.comment(entry, words)
  settle(entry, {}, {}, 'dismissed', words)
end

--- Plan it again on the text as it is now.
--- @param entry treewright.Entry
--- @param done fun(fresh: treewright.Entry)
function M.refresh(entry, done)
  rpc.request('treewright/proposals/refresh', { proposal = entry.id }, function(err, answer)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    forget(entry)
    if answer.proposal and answer.proposal ~= vim.NIL then
      return done(M.offer(answer.proposal))
    end
    changed()
    rpc.say('there is no new proposal: ' .. answer.refused.reason, vim.log.levels.WARN)
  end)
end

--- What was refused is said; the proposal is planned again if the user likes.
--- @param entry treewright.Entry
--- @param reason string
--- @param show fun(fresh: treewright.Entry)
function M.complain(entry, reason, show)
  rpc.say('not applied: ' .. reason, vim.log.levels.WARN)
  if #entry:stale() == 0 then
    return
  end
  vim.ui.select({ 'Plan it again on the current text', 'Leave it' }, {
    prompt = 'The proposal is out of date: ' .. table.concat(entry:stale(), ', '),
  }, function(_, index)
    if index == 1 then
      M.refresh(entry, show)
    end
  end)
end

--- What the server still has open, after a start of Neovim.
function M.reload(done)
  rpc.request('treewright/proposals/list', vim.empty_dict(), function(err, list)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    local open = vim.tbl_filter(function(summary)
      return summary.state == 'open' and not M.get(summary.id) and not decided[summary.id]
    end, list)
    local left = #open
    if left == 0 then
      return done()
    end
    for _, summary in ipairs(open) do
      rpc.request('treewright/proposals/get', { proposal = summary.id }, function(problem, proposal)
        if not problem and not decided[summary.id] then
          M.offer(proposal)
        end
        left = left - 1
        if left == 0 then
          done()
        end
      end)
    end
  end)
end

return M
