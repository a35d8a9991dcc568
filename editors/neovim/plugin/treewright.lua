-- Definitions only: the modules load when a command or mapping is first used.
if vim.g.loaded_treewright then
  return
end
vim.g.loaded_treewright = true

if vim.fn.has('nvim-0.11') == 0 then
  return
end

vim.api.nvim_create_user_command('Treewright', function(command)
  require('treewright').run(command)
end, {
  nargs = '*',
  range = true,
  desc = 'treewright: search, graph, edits, index',
  complete = function(lead, line, position)
    return require('treewright').complete(lead, line, position)
  end,
})
