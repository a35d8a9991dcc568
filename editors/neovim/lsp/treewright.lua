-- Found on 'runtimepath' by vim.lsp.enable('treewright') (Neovim 0.11 or newer).
-- Anything here can be overridden: vim.lsp.config('treewright', { settings = { … } })
return require('treewright.config').client()
