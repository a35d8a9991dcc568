-- Places as lists: quickfix, which every picker can show (`:Telescope quickfix`, `:FzfLua quickfix`).
local rpc = require('treewright.rpc')
local text = require('treewright.text')

local M = {}

M.relations = { 'definitions', 'references', 'callers', 'callees', 'subclasses', 'importers', 'tests' }

--- @param place {uri: string, range: table}
function M.open(place)
  local buffer, reason = text.load(place.uri)
  if not buffer then
    return rpc.say(reason or '', vim.log.levels.WARN)
  end
  local client = rpc.client()
  local row, column = text.place(buffer, place.range.start, client and client.offset_encoding or 'utf-8')
  vim.cmd.normal({ "m'", bang = true })
  vim.bo[buffer].buflisted = true
  vim.api.nvim_win_set_buf(0, buffer)
  row = math.min(row, vim.api.nvim_buf_line_count(buffer) - 1)
  vim.api.nvim_win_set_cursor(0, { row + 1, column })
  vim.cmd.normal({ 'zv', bang = true })
end

local function set(title, items)
  if #items == 0 then
    return rpc.say('nothing found: ' .. title)
  end
  vim.fn.setqflist({}, ' ', { title = title, items = items })
  vim.cmd('botright copen')
end

--- A list of search results: what the user does with it is told to the server.
local function set_found(title, found, text_of)
  local origin = { vim.api.nvim_get_current_buf(), vim.api.nvim_win_get_cursor(0)[1] }
  M.set_places(title, vim.tbl_map(function(each)
    return { place = each.place, text = text_of(each), user_data = { result = each.result } }
  end, found))
  if found[1] then
    require('treewright.feedback').shown(found[1].search, origin)
  end
end

--- Rows with path, line and text, relative to the workspace.
local function set_rows(title, rows, text_of)
  local client = rpc.client()
  local root = client and client.root_dir or vim.fn.getcwd()
  set(title, vim.tbl_map(function(row)
    return {
      filename = vim.fs.joinpath(root, row.path),
      lnum = row.line or row.start_line,
      end_lnum = row.end_line,
      col = row.column or 1,
      text = text_of(row),
    }
  end, rows))
end

--- Places as the protocol has them: `{place, text, user_data?}`.
function M.set_places(title, found)
  local client = rpc.client()
  local encoding = client and client.offset_encoding or 'utf-8'
  local items = {}
  for _, each in ipairs(found) do
    local place = { uri = each.place.uri, range = each.place.range }
    local item = vim.lsp.util.locations_to_items({ place }, encoding)[1]
    if item then
      item.text, item.user_data = each.text, each.user_data
      items[#items + 1] = item
    end
  end
  set(title, items)
end

local function first_line(snippet)
  for _, line in ipairs(vim.split(snippet, '\n')) do
    if vim.trim(line) ~= '' then
      return vim.trim(line)
    end
  end
  return ''
end

local function found_line(found)
  return ('[%s] %s'):format(found.symbol ~= '' and found.symbol or found.kind, first_line(found.snippet))
end

--- Find code by words.
function M.search(query)
  if query == '' then
    return vim.ui.input({ prompt = 'Search code: ' }, function(given)
      if given and given ~= '' then
        M.search(given)
      end
    end)
  end
  rpc.request('treewright/search', { query = query, limit = 30 }, function(err, found)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    set_found('search: ' .. query, found, found_line)
  end)
end

--- Find code like a range of this buffer.
function M.similar(range)
  local buffer = vim.api.nvim_get_current_buf()
  local client = rpc.client(buffer)
  local encoding = client and client.offset_encoding or 'utf-8'
  local row, column = text.place(buffer, range.start, encoding)
  local end_row, end_column = text.place(buffer, range['end'], encoding)
  local params = {
    query = text.slice(buffer, row, column, end_row, end_column):sub(1, 4000),
    limit = 30,
    like = { uri = vim.uri_from_bufnr(buffer), range = range },
  }
  rpc.request('treewright/search', params, function(err, found)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    set_found(('like %s:%d'):format(vim.fn.expand('%:~:.'), row + 1), found, found_line)
  end)
end

--- A relation of the code graph, by name.
function M.relation(relation, symbol)
  rpc.execute('treewright.graph', { relation = relation, symbol = symbol }, function(rows)
    set_rows(relation .. ' of ' .. symbol, rows, function(row)
      return ('%s  (%s, %s)'):format(row.text, row.kind, row.confidence)
    end)
  end)
end

--- What a change of the symbol at the cursor reaches: its users, their users, the tests among them.
function M.impact(depth)
  local buffer = vim.api.nvim_get_current_buf()
  local client = rpc.client(buffer)
  local cursor = vim.api.nvim_win_get_cursor(0)
  local params = {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    position = text.position(buffer, cursor[1] - 1, cursor[2], client and client.offset_encoding or 'utf-8'),
    mode = 'impact',
    depth = depth,
    limit = 500,
  }
  rpc.request('treewright/neighbourhood', params, function(err, graph)
    if err then
      return rpc.say(err.message, vim.log.levels.ERROR)
    end
    local centre, found = '', {}
    for _, node in ipairs(graph.nodes) do
      if node.id == graph.centre then
        centre = node.name
      else
        found[#found + 1] = node
      end
    end
    table.sort(found, function(a, b)
      if math.abs(a.depth) ~= math.abs(b.depth) then
        return math.abs(a.depth) < math.abs(b.depth)
      end
      return a.place.path < b.place.path
    end)
    M.set_places(('impact of %s%s'):format(centre, graph.truncated and ' (cut off)' or ''), vim.tbl_map(function(node)
      local name = node.container ~= '' and node.container .. '.' .. node.name or node.name
      local steps = math.abs(node.depth)
      return {
        place = node.place,
        text = ('%d step%s  %s %s%s'):format(steps, steps == 1 and '' or 's', node.kind, name, node.test and '  (test)' or ''),
      }
    end, found))
  end, buffer)
end

--- The command of the server's lenses: `(uri, position, locations)`.
function M.show_references(command, ctx)
  local uri, position, locations = unpack(command.arguments)
  local client = vim.lsp.get_client_by_id(ctx.client_id)
  if #locations == 0 then
    return rpc.say('there are none')
  end
  local items = vim.lsp.util.locations_to_items(locations, client and client.offset_encoding or 'utf-16')
  local name = vim.fn.fnamemodify(vim.uri_to_fname(uri), ':~:.')
  set(('%s, used at %s:%d'):format(command.title or 'references', name, position.line + 1), items)
end

return M
