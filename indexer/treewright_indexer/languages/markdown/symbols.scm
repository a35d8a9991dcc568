(section . (atx_heading heading_content: (inline) @name)) @def.heading
(setext_heading heading_content: (paragraph (inline) @name)) @def.heading
(fenced_code_block (info_string (language) @embed.language) (code_fence_content) @embed)
