-- :checkhealth treewright
local M = {}

function M.check()
  local health = vim.health
  if vim.fn.has('nvim-0.11') == 0 then
    local version = vim.version()
    local words = ('review and chat need Neovim 0.11; this is %d.%d.%d'):format(version.major, version.minor, version.patch)
    -- The module was not in `vim` at first, and its functions had other names.
    local older = health or require('health')
    local start, warn = older.start or older.report_start, older.warn or older.report_warn
    start('treewright')
    return warn(words, { ':help treewright-older says what there is' })
  end
  health.start('treewright')
  health.ok('Neovim ' .. tostring(vim.version()))

  local command = require('treewright.config').command(vim.fs.root(0, { 'pyproject.toml', '.git' }))
  local program = command[1]
  if vim.fn.executable(program) == 0 then
    return health.error(('`%s` cannot be run'):format(program), {
      'pip install treewright, in the environment that Neovim is started from',
      'or set $TREEWRIGHT_CMD, e.g. "~/.venvs/tools/bin/treewright serve"',
    })
  end
  -- The same command line with another verb: `python -m treewright_server serve` works as well.
  local doctor = vim.list_slice(command, 1, #command - 1)
  vim.list_extend(doctor, { 'doctor', '--json' })
  local done = vim.system(doctor, { text = true }):wait(20000)
  local ok, report = pcall(vim.json.decode, done.stdout or '')
  if not ok then
    return health.error(('`%s doctor` does not answer: %s'):format(program, vim.trim(done.stderr or '')))
  end
  health.ok(('treewright %s (%s)'):format(report.version, program))
  for _, check in ipairs(report.checks) do
    local line = ('%s: %s'):format(check.name, check.detail)
    if check.ok then
      health.ok(line)
    elseif check.needed then
      health.error(line)
    else
      health.warn(line)
    end
  end
  local clients = vim.lsp.get_clients({ name = 'treewright' })
  if #clients == 0 then
    health.info("no server is running; `vim.lsp.enable('treewright')` starts one with the next file")
  else
    health.ok(('%d running'):format(#clients))
    for _, client in ipairs(clients) do
      local beside = vim.tbl_get(client.settings or {}, 'treewright', 'features', 'beside') or {}
      if #beside > 0 then
        health.info('beside it: ' .. table.concat(beside, ', '))
      end
    end
    local status = require('treewright.status').get()
    for _, line in ipairs(status and require('treewright.status').lines(status) or {}) do
      health.info(line)
    end
  end
end

return M
