-- How the server is found and started.
local M = {}

M.filetypes = {
  'python', 'typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'go', 'rust',
  'java', 'c', 'cpp',
}

--- The server's command line: $TREEWRIGHT_CMD, the project's own environment, then PATH.
--- @param root string?
--- @return string[]
function M.command(root)
  if vim.env.TREEWRIGHT_CMD then
    return vim.split(vim.env.TREEWRIGHT_CMD, ' ', { trimempty = true })
  end
  for _, folder in ipairs({ vim.env.VIRTUAL_ENV or '', root and root .. '/.venv' or '' }) do
    local found = folder ~= '' and vim.fn.exepath(folder .. '/bin/treewright') or ''
    if found ~= '' then
      return { found, 'serve' }
    end
  end
  return { 'treewright', 'serve' }
end

--- @return vim.lsp.Config
function M.client()
  return {
    cmd = function(dispatchers, config)
      local root = config and config.root_dir or nil
      return vim.lsp.rpc.start(M.command(root), dispatchers, { cwd = root })
    end,
    filetypes = M.filetypes,
    root_markers = { { 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml' }, '.git' },
  }
end

return M
