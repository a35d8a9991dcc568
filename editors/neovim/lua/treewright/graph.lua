-- The code graph around a symbol as a tree in a buffer: callers, callees, imports, inheritance, and
-- what a change of it reaches. <CR> opens the code, c looks from there.
local lists = require('treewright.lists')
local rpc = require('treewright.rpc')
local text = require('treewright.text')

local M = {}

local NAME = 'treewright://graph'
local namespace = vim.api.nvim_create_namespace('treewright.graph')
local LIMIT = 500

M.modes = { 'around', 'callers', 'callees', 'imports', 'inheritance', 'impact' }

--- What is shown: where it was asked for, how, and what stands on each line.
--- @type {uri: string, position: table, mode: string, depth: integer, lines: table<integer, table>}
local shown = { uri = '', position = {}, mode = 'around', depth = 2, lines = {} }

local function label(node)
  local name = node.container ~= '' and node.container .. '.' .. node.name or node.name
  return ('%s %s%s'):format(node.kind, name, node.test and '  (test)' or '')
end

--- Children of each node: away from the centre, users and used ones apart.
local function children_of(graph)
  local by_id, found = {}, {}
  for _, node in ipairs(graph.nodes) do
    by_id[node.id] = node
  end
  for _, edge in ipairs(graph.edges) do
    local from, to = by_id[edge.from], by_id[edge.to]
    if from and to then
      for _, pair in ipairs({ { to, from }, { from, to } }) do
        local near, far = pair[1], pair[2]
        -- `from` uses `to`: users hang below what they use, on the side of the users.
        local outward = near == to and far.depth < 0 and near.depth <= 0 or near == from and far.depth > 0 and near.depth >= 0
        if outward and math.abs(far.depth) > math.abs(near.depth) then
          found[near.id] = found[near.id] or {}
          table.insert(found[near.id], { node = far, edge = edge })
        end
      end
    end
  end
  return by_id, found
end

local function draw(graph)
  local by_id, children = children_of(graph)
  local lines = { ('%s, %d step%s  —  <CR> open  c from here  m mode  + - steps  q close'):format(
    shown.mode, shown.depth, shown.depth == 1 and '' or 's') }
  local at, seen, marks = {}, {}, {}
  local function add(node, depth, edge)
    local again = seen[node.id]
    local arrow = edge and (node.depth < 0 and '← ' or '→ ') or ''
    local kind = edge and edge.kind ~= 'call' and (' [%s]'):format(edge.kind) or ''
    local more = again and '  (above)' or node.more and '  …' or ''
    lines[#lines + 1] = ('%s%s%s%s  %s:%d%s'):format(('  '):rep(depth), arrow, label(node), kind,
      node.place.path, node.place.range.start.line + 1, more):gsub('[\r\n]', ' ')
    at[#lines] = node
    marks[#lines] = depth == 0 and 'Title' or node.test and 'Comment' or nil
    if again then
      return
    end
    seen[node.id] = true
    for _, child in ipairs(children[node.id] or {}) do
      add(child.node, depth + 1, child.edge)
    end
  end
  local centre = by_id[graph.centre]
  if centre then
    add(centre, 0)
  end
  for _, node in ipairs(graph.nodes) do -- whatever hangs on nothing that is drawn
    if not seen[node.id] then
      add(node, 1)
    end
  end
  if #lines <= 2 then
    lines[#lines + 1] = '  nothing'
  end
  if graph.truncated then
    lines[#lines + 1] = ('  … cut off at %d symbols'):format(LIMIT)
  end
  shown.lines = at
  local buffer = vim.fn.bufnr(NAME)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].modified = false
  vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  vim.api.nvim_buf_set_extmark(buffer, namespace, 0, 0, { end_row = 1, hl_group = 'Comment' })
  for row, group in pairs(marks) do
    vim.api.nvim_buf_set_extmark(buffer, namespace, row - 1, 0, { end_row = row, hl_group = group, strict = false })
  end
end

local function ask(done)
  rpc.request('treewright/neighbourhood', {
    textDocument = { uri = shown.uri },
    position = shown.position,
    mode = shown.mode,
    depth = shown.depth,
    limit = LIMIT,
  }, function(err, graph)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    done(graph)
  end)
end

local function redraw()
  ask(draw)
end

local function here()
  return shown.lines[vim.api.nvim_win_get_cursor(0)[1]]
end

local actions = {
  ['<CR>'] = function()
    local node = here()
    if node then
      vim.cmd.wincmd('p')
      if vim.api.nvim_buf_get_name(0) == NAME then
        vim.cmd('leftabove split')
      end
      lists.open(node.place)
    end
  end,
  c = function()
    local node = here()
    if node then
      shown.uri, shown.position = node.place.uri, node.place.range.start
      redraw()
      vim.api.nvim_win_set_cursor(0, { 1, 0 })
    end
  end,
  m = function()
    vim.ui.select(M.modes, { prompt = 'Show' }, function(mode)
      if mode then
        shown.mode = mode
        redraw()
      end
    end)
  end,
  ['+'] = function()
    shown.depth = math.min(6, shown.depth + 1)
    redraw()
  end,
  ['-'] = function()
    shown.depth = math.max(1, shown.depth - 1)
    redraw()
  end,
  q = function()
    vim.cmd.close()
  end,
}

local function window()
  local buffer = vim.fn.bufnr(NAME)
  local open = buffer > 0 and vim.fn.win_findbuf(buffer)[1]
  if open then
    return vim.api.nvim_set_current_win(open)
  end
  vim.cmd('botright 15split')
  buffer = vim.fn.bufadd(NAME)
  vim.fn.bufload(buffer)
  vim.api.nvim_win_set_buf(0, buffer)
  vim.wo.number, vim.wo.relativenumber, vim.wo.wrap, vim.wo.cursorline = false, false, false, true
  local options = vim.bo[buffer]
  options.buftype, options.swapfile, options.buflisted, options.bufhidden = 'nofile', false, false, 'hide'
  options.filetype = 'treewright-graph'
  for key, act in pairs(actions) do
    vim.keymap.set('n', key, act, { buffer = buffer, nowait = true, desc = 'treewright graph' })
  end
end

--- Show the graph around the cursor.
--- @param mode string?
--- @param depth integer
function M.open(mode, depth)
  if mode and not vim.list_contains(M.modes, mode) then
    return rpc.say(('no such graph: %s; there are %s'):format(mode, table.concat(M.modes, ', ')), vim.log.levels.ERROR)
  end
  local buffer = vim.api.nvim_get_current_buf()
  local client = rpc.client(buffer)
  local cursor = vim.api.nvim_win_get_cursor(0)
  shown.uri = vim.uri_from_bufnr(buffer)
  shown.position = text.position(buffer, cursor[1] - 1, cursor[2], client and client.offset_encoding or 'utf-8')
  shown.mode, shown.depth = mode or 'around', depth
  ask(function(graph)
    window()
    draw(graph)
    vim.api.nvim_win_set_cursor(0, { math.min(2, vim.api.nvim_buf_line_count(0)), 0 })
  end)
end

return M
