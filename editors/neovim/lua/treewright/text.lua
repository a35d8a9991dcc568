-- Places of the protocol in Neovim's buffers.
--
-- Rows and columns count from 0, columns in bytes. A text that ends with a line break has, for the
-- protocol, one more empty line behind the last row of the buffer: that place is (line count, 0).
local M = {}

--- The loaded buffer of a file, without showing it. nil and a reason when it cannot be read.
--- @param uri string
--- @return integer? buffer, string? reason
function M.load(uri)
  local buffer = vim.uri_to_bufnr(uri)
  if vim.api.nvim_buf_is_loaded(buffer) then
    return buffer
  end
  local name = vim.api.nvim_buf_get_name(buffer)
  if not vim.uv.fs_stat(name) then
    return nil, ('%s is gone'):format(name)
  end
  local before = vim.o.shortmess
  vim.opt.shortmess:append('A') -- a swap file of another Neovim must not stop us with a question
  local ok, problem = pcall(vim.fn.bufload, buffer)
  vim.o.shortmess = before
  if not ok or not vim.api.nvim_buf_is_loaded(buffer) then
    return nil, ('%s cannot be opened: %s'):format(name, tostring(problem))
  end
  return buffer
end

--- The whole text with `\n`, as its hash is made.
--- @param buffer integer
--- @return string
function M.full(buffer)
  local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, true)
  return table.concat(lines, '\n') .. (vim.bo[buffer].endofline and '\n' or '')
end

--- Whether the buffer says what `ProposedFile.hash` was made of.
--- @param buffer integer
--- @param hash string|vim.NIL|nil
--- @return boolean
function M.is(buffer, hash)
  if hash == nil or hash == vim.NIL then
    return true
  end
  local text = M.full(buffer)
  local ok, found = pcall(vim.fn.sha256, text)
  if not ok then -- a NUL in it: Vim's function takes none; each hunk is still held against its text
    return true
  end
  return found == hash or (text == '\n' and vim.fn.sha256('') == hash)
end

--- @param buffer integer
--- @param position {line: integer, character: integer}
--- @param encoding 'utf-8'|'utf-16'|'utf-32'
--- @return integer row, integer column
function M.place(buffer, position, encoding)
  local count = vim.api.nvim_buf_line_count(buffer)
  if position.line >= count then
    return count, 0
  end
  local line = vim.api.nvim_buf_get_lines(buffer, position.line, position.line + 1, true)[1]
  if encoding == 'utf-8' then
    return position.line, math.min(position.character, #line)
  end
  return position.line, vim.str_byteindex(line, encoding, position.character, false)
end

--- The protocol's position of a row and a column in bytes.
--- @return {line: integer, character: integer}
function M.position(buffer, row, column, encoding)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
  column = math.min(column, #line)
  return { line = row, character = encoding == 'utf-8' and column or vim.str_utfindex(line, encoding, column, false) }
end

local function last(buffer)
  local row = vim.api.nvim_buf_line_count(buffer) - 1
  return row, #vim.api.nvim_buf_get_lines(buffer, row, row + 1, true)[1]
end

--- @return string
function M.slice(buffer, row, column, end_row, end_column)
  local count = vim.api.nvim_buf_line_count(buffer)
  if row >= count then
    return ''
  end
  local tail = ''
  if end_row >= count then
    end_row, end_column = last(buffer)
    tail = '\n'
  end
  return table.concat(vim.api.nvim_buf_get_text(buffer, row, column, end_row, end_column, {}), '\n') .. tail
end

--- Line breaks as `\n`.
--- @param text string
--- @return string
function M.plain(text)
  return (text:gsub('\r\n?', '\n'))
end

--- Put `text` in the place of what stands there.
function M.replace(buffer, row, column, end_row, end_column, text)
  text = M.plain(text)
  local count = vim.api.nvim_buf_line_count(buffer)
  if not vim.bo[buffer].endofline and text:sub(-1) == '\n' then
    local last_row, last_column = last(buffer)
    if end_row == last_row and end_column == last_column then -- now the text ends with a line break
      text = text:sub(1, -2)
      vim.bo[buffer].endofline = true
    end
  end
  if end_row >= count then
    -- Up to the end of the text: the last line break is an option of the buffer, not a line, and
    -- 'fixendofline' puts it there when the file is written.
    if row == 0 and column == 0 and text == '' then
      return vim.api.nvim_buf_set_lines(buffer, 0, -1, true, {})
    end
    local last_row, last_column = last(buffer)
    if text:sub(-1) == '\n' then
      text = text:sub(1, -2)
    elseif text == '' then
      if row >= count then
        return
      end
      if row > 0 and column == 0 then
        row = row - 1
        column = #vim.api.nvim_buf_get_lines(buffer, row, row + 1, true)[1]
      end
    elseif not vim.bo[buffer].fixendofline then
      vim.bo[buffer].endofline = false
    end
    if row >= count then
      row, column = last_row, last_column
      if count > 1 or last_column > 0 then
        text = '\n' .. text
      end
    end
    end_row, end_column = last_row, last_column
  end
  vim.api.nvim_buf_set_text(buffer, row, column, end_row, end_column, vim.split(text, '\n', { plain = true }))
end

--- What is done next to the buffer is one undo step, apart from what was typed before.
--- @param buffer integer
function M.new_undo_step(buffer)
  vim.api.nvim_buf_call(buffer, function()
    vim.cmd('let &l:undolevels = &l:undolevels')
  end)
end

--- The rows of a visual selection or a command's range, else nil.
--- @param command table? what nvim_create_user_command gives
--- @return {[1]: integer, [2]: integer}? rows from 0, inclusive
function M.rows(command)
  if command and command.range and command.range > 0 then
    return { command.line1 - 1, command.line2 - 1 }
  end
  return nil
end

--- The range of whole rows.
function M.range_of_rows(buffer, rows, encoding)
  local end_row = math.min(rows[2], vim.api.nvim_buf_line_count(buffer) - 1)
  local line = vim.api.nvim_buf_get_lines(buffer, end_row, end_row + 1, true)[1]
  return {
    start = { line = rows[1], character = 0 },
    ['end'] = M.position(buffer, end_row, #line, encoding),
  }
end

return M
