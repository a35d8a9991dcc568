((attribute (attribute_name) @_id [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)]) @def.key
  (#eq? @_id "id"))
(script_element (raw_text) @embed.javascript)
(style_element (raw_text) @embed.css)
