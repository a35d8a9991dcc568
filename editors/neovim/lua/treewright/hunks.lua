-- One proposal under review: what was decided of each hunk, and where it stands in text that goes
-- on changing. An extended mark follows each hunk; whether its text is still the one that the
-- proposal was made for is looked at whenever it matters, so an undo makes a lost hunk good again.
local text = require('treewright.text')

local M = {}

M.namespace = vim.api.nvim_create_namespace('treewright.hunks')

--- @class treewright.Entry
--- @field id string
--- @field proposal table
--- @field encoding string
--- @field hunks table[]
local Entry = {}
Entry.__index = Entry

--- @param proposal table treewright/Proposal
--- @param encoding string
--- @return treewright.Entry
function M.entry(proposal, encoding)
  local self = setmetatable({
    id = proposal.id,
    proposal = proposal,
    encoding = encoding,
    hunks = {},
    _file = {},
    _hunk = {},
    _decision = {},
    _mark = {},
    _ticked = {},
    _stale = {},
  }, Entry)
  for _, file in ipairs(proposal.changes) do
    for _, hunk in ipairs(file.hunks) do
      self.hunks[#self.hunks + 1] = hunk
      self._hunk[hunk.id], self._file[hunk.id] = hunk, file
      self._decision[hunk.id] = 'pending'
      self._ticked[hunk.id] = true
    end
  end
  for _, hunk in ipairs(self.hunks) do
    if hunk.needsConfirmation then
      self:tick({ hunk.id }, false)
    end
  end
  return self
end

local function groups_of(hunk)
  return #hunk.groups > 0 and hunk.groups or { '#' .. hunk.id }
end

--- The creation, renaming or deletion of the file itself, which is no edit of text.
local function is_whole_file(hunk, file)
  return file.kind ~= 'edit' and vim.endswith(hunk.id, '/file')
end
M.is_whole_file = is_whole_file

function Entry:hunk(id)
  return self._hunk[id]
end

function Entry:file(id)
  return self._file[id]
end

function Entry:decision(id)
  return self._decision[id]
end

--- Pending hunks, of one file if `uri` is given, in their order.
function Entry:pending(uri)
  return vim.tbl_filter(function(hunk)
    return self._decision[hunk.id] == 'pending' and (uri == nil or self._file[hunk.id].uri == uri)
  end, self.hunks)
end

function Entry:is_done()
  return #self:pending() == 0
end

--- Hunks that are accepted with these: what shares a group goes together.
--- @param ids string[]
--- @return string[]
function Entry:with_needed(ids)
  local groups = {}
  for _, id in ipairs(ids) do
    for _, group in ipairs(groups_of(self._hunk[id])) do
      groups[group] = true
    end
  end
  return self:_pending_where(function(hunk)
    return vim.iter(groups_of(hunk)):any(function(group)
      return groups[group]
    end)
  end)
end

--- Hunks that cannot stay without these: those of whose groups none is left.
--- @param ids string[]
--- @return string[]
function Entry:with_dependants(ids)
  local dead, gone = {}, {}
  for _, id in ipairs(ids) do
    gone[id] = true
    for _, group in ipairs(groups_of(self._hunk[id])) do
      dead[group] = true
    end
  end
  return self:_pending_where(function(hunk)
    return gone[hunk.id] or vim.iter(groups_of(hunk)):all(function(group)
      return dead[group]
    end)
  end)
end

function Entry:_pending_where(fits)
  local found = {}
  for _, hunk in ipairs(self:pending()) do
    if fits(hunk) then
      found[#found + 1] = hunk.id
    end
  end
  return found
end

function Entry:decide(ids, decision)
  for _, id in ipairs(ids) do
    self._decision[id] = decision
  end
end

-- ------------------------------------------------------------------ ticks of the review

function Entry:is_ticked(id)
  return self._ticked[id] == true
end

--- Tick or untick hunks with those that belong to them.
function Entry:tick(ids, ticked)
  for _, id in ipairs(ticked and self:with_needed(ids) or self:with_dependants(ids)) do
    self._ticked[id] = ticked or nil
  end
end

-- ------------------------------------------------------------------ places in the text

--- Find the hunks of a file in its buffer. False when its text is not the one they were made for.
--- @param file table treewright/ProposedFile
--- @return boolean
function Entry:place(file)
  if file.kind ~= 'edit' and file.kind ~= 'rename' then
    return true
  end
  local buffer = text.load(file.uri)
  self:_forget(file)
  if not buffer or not text.is(buffer, file.hash) then
    self._stale[file.uri] = true
    return false
  end
  self._stale[file.uri] = nil
  for _, hunk in ipairs(file.hunks) do
    if not is_whole_file(hunk, file) and self._decision[hunk.id] == 'pending' then
      local row, column = text.place(buffer, hunk.range.start, self.encoding)
      local end_row, end_column = text.place(buffer, hunk.range['end'], self.encoding)
      self:_follow(hunk.id, buffer, { row, column, end_row, end_column })
    end
  end
  return true
end

function Entry:_forget(file)
  for _, hunk in ipairs(file.hunks) do
    local mark = self._mark[hunk.id]
    if mark and vim.api.nvim_buf_is_valid(mark.buffer) then
      vim.api.nvim_buf_del_extmark(mark.buffer, M.namespace, mark.id)
    end
    self._mark[hunk.id] = nil
  end
end

--- What stands right before and right behind an insertion: nothing else tells whether its place is
--- still the one that was meant.
local function around(buffer, row, column)
  local before
  if column > 0 then
    before = text.slice(buffer, row, 0, row, column)
  elseif row > 0 then
    before = vim.api.nvim_buf_get_lines(buffer, row - 1, row, false)[1]
  end
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1]
  return before, line and line:sub(column + 1)
end

function Entry:_follow(id, buffer, place)
  local empty = place[1] == place[3] and place[2] == place[4]
  local known = self._mark[id]
  local mark = vim.api.nvim_buf_set_extmark(buffer, M.namespace, place[1], place[2], {
    id = known and known.id or nil,
    end_row = not empty and place[3] or nil,
    end_col = not empty and place[4] or nil,
    right_gravity = not empty, -- what is typed at an edge belongs to the outside
    end_right_gravity = not empty and false or nil,
    strict = false,
  })
  local before, behind = around(buffer, place[1], place[2])
  self._mark[id] = { buffer = buffer, id = mark, empty = empty, before = before, behind = behind }
end

--- Where a pending hunk stands now, or nil: its text has been changed, or was never found.
--- @param id string
--- @return integer? buffer, integer[]? place row, column, end row, end column
function Entry:span(id)
  local mark = self._mark[id]
  if not mark or self._decision[id] ~= 'pending' or not vim.api.nvim_buf_is_loaded(mark.buffer) then
    return nil
  end
  local found = vim.api.nvim_buf_get_extmark_by_id(mark.buffer, M.namespace, mark.id, { details = true })
  if not found[1] then
    return nil
  end
  local row, column, details = found[1], found[2], found[3]
  local place = { row, column, details.end_row or row, details.end_col or column }
  if mark.empty then
    place[3], place[4] = row, column
    local before, behind = around(mark.buffer, row, column)
    if before ~= mark.before and behind ~= mark.behind then
      return nil
    end
  elseif place[3] < place[1] or (place[3] == place[1] and place[4] < place[2]) then
    return nil -- what was typed over it has turned its ends around
  elseif text.slice(mark.buffer, unpack(place)) ~= text.plain(self._hunk[id].oldText) then
    return nil
  end
  return mark.buffer, place
end

--- Paths whose text is not what the pending hunks were made for any more.
--- @return string[]
function Entry:stale()
  local paths = {}
  for _, hunk in ipairs(self:pending()) do
    local file = self._file[hunk.id]
    local edits = not is_whole_file(hunk, file)
    if self._stale[file.uri] or (edits and not self:span(hunk.id)) then
      paths[file.path] = true
    end
  end
  local found = vim.tbl_keys(paths)
  table.sort(found)
  return found
end

--- @return integer[] the buffers that pending hunks are in
function Entry:buffers()
  local found = {}
  for id, mark in pairs(self._mark) do
    if self._decision[id] == 'pending' then
      found[mark.buffer] = true
    end
  end
  return vim.tbl_keys(found)
end

--- A whole file was read anew and its marks with it: look for the hunks again.
function Entry:reloaded(buffer)
  for _, file in ipairs(self.proposal.changes) do
    if vim.uri_to_bufnr(file.uri) == buffer and #self:pending(file.uri) > 0 then
      local decided = #self:pending(file.uri) < #file.hunks
      -- With hunks already in, the text cannot have its hash; each one is held against its own text.
      if not decided then
        self:place(file)
      end
    end
  end
end

--- (row, column) behind `edit`, where the text ends that takes its place.
local function end_of(edit)
  local lines = vim.split(text.plain(edit.text), '\n', { plain = true })
  local row = edit.place[1] + #lines - 1
  return row, #lines == 1 and edit.place[2] + #lines[1] or #lines[#lines]
end

--- Make disjoint edits of one buffer, and keep the pending hunks that stand behind them in place.
--- Neovim moves marks too, but not those at the very edge of an edit as it is meant here.
--- @param buffer integer
--- @param edits {place: integer[], text: string}[] in the order of the text
--- @param entries treewright.Entry[] whose pending hunks are kept
function M.apply(buffer, edits, entries)
  local pending = {}
  for _, entry in ipairs(entries) do
    for _, hunk in ipairs(entry:pending()) do
      local where, place = entry:span(hunk.id)
      if where == buffer and place then
        pending[#pending + 1] = { entry = entry, id = hunk.id, place = place }
      end
    end
  end
  for i = #edits, 1, -1 do
    local edit = edits[i]
    local row, column = end_of(edit)
    local from_row, from_column = edit.place[3], edit.place[4]
    text.replace(buffer, edit.place[1], edit.place[2], from_row, from_column, edit.text)
    for _, each in ipairs(pending) do
      local place = each.place
      if place[1] > from_row or (place[1] == from_row and place[2] >= from_column) then
        for at = 1, 3, 2 do
          if place[at] == from_row then
            place[at], place[at + 1] = row, column + place[at + 1] - from_column
          else
            place[at] = place[at] + row - from_row
          end
        end
      end
    end
  end
  for _, each in ipairs(pending) do
    each.entry:_follow(each.id, buffer, each.place)
  end
end

return M
