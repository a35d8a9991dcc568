[(class_name) (id_name) (keyframes_name)] @read
((property_name) @read)

(rule_set (selectors . (_) @name)) @def.class
(keyframes_statement (keyframes_name) @name) @def.function
(media_statement . (_) @name) @def.namespace
(stylesheet (import_statement [
  (string_value (string_content) @import.module)
  (call_expression (arguments (string_value (string_content) @import.module)))
]) @import)
