-- Definitions only: the modules load when a command or mapping is first used.
if vim.g.loaded_treewright then
  return
end
vim.g.loaded_treewright = true

if vim.fn.has('nvim-0.11') == 0 then
  if vim.fn.has('nvim-0.7') == 1 then
    vim.api.nvim_create_user_command('Treewright', function(command)
      require('treewright.classic').run(command)
    end, {
      nargs = '*',
      desc = 'treewright: search, graph, index',
      complete = function(lead)
        return require('treewright.classic').complete(lead)
      end,
    })
  end
  return
end

vim.api.nvim_create_user_command('Treewright', function(command)
  require('treewright').run(command)
end, {
  nargs = '*',
  range = true,
  desc = 'treewright: ask, edit, review, search, graph, index',
  complete = function(lead, line, position)
    return require('treewright').complete(lead, line:sub(1, position))
  end,
})

local function plug(name, modes)
  vim.keymap.set(modes or 'n', ('<Plug>(treewright-%s)'):format(name), function()
    if vim.fn.mode():find('[vV\22]') then
      -- The rows of the selection are marks only when Visual mode has ended.
      vim.api.nvim_feedkeys(vim.keycode('<Esc>'), 'nx', false)
      return vim.cmd(("'<,'>Treewright %s"):format(name))
    end
    vim.cmd.Treewright(name)
  end, { desc = 'treewright: ' .. name })
end

for _, name in ipairs({
  'accept', 'reject', 'accept-all', 'reject-all', 'next', 'previous', 'review', 'refresh', 'undo',
  'chat', 'stop', 'fix', 'search', 'graph', 'impact', 'callers', 'callees', 'references', 'tests-of', 'status',
  'new', 'history', 'rate', 'report', 'restart',
}) do
  plug(name)
end
for _, name in ipairs({ 'ask', 'explain', 'edit', 'tests', 'task', 'refactor', 'similar', 'context' }) do
  plug(name, { 'n', 'x' })
end

vim.api.nvim_create_autocmd({ 'LspAttach', 'LspDetach' }, {
  group = vim.api.nvim_create_augroup('treewright.beside', { clear = true }),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name ~= 'treewright' then
      vim.schedule(function()
        require('treewright.beside').changed()
      end)
    end
  end,
})
