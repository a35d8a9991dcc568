(identifier) @read

(function_declaration name: (identifier) @name) @def.function
(function_declaration name: (dot_index_expression table: (identifier) @owner field: (identifier) @name)) @def.method
(function_declaration name: (method_index_expression table: (identifier) @owner method: (identifier) @name)) @def.method
(assignment_statement
  (variable_list . name: (identifier) @name .)
  (expression_list . value: (function_definition) .)) @def.function
(assignment_statement
  (variable_list . name: (dot_index_expression table: (identifier) @owner field: (identifier) @name) .)
  (expression_list . value: (function_definition) .)) @def.method
(chunk (assignment_statement (variable_list name: (identifier) @assign)))
(chunk (variable_declaration (assignment_statement (variable_list name: (identifier) @assign))))
(field name: (identifier) @name value: (function_definition)) @def.method

(function_definition) @scope.function
[(do_statement) (for_statement) (while_statement) (if_statement) (repeat_statement)] @scope.block

(parameters name: (identifier) @parameter)
(variable_declaration (assignment_statement (variable_list name: (identifier) @bind)))
(variable_declaration (variable_list name: (identifier) @bind))
(for_numeric_clause name: (identifier) @bind)
(for_generic_clause (variable_list name: (identifier) @bind))

(dot_index_expression field: (identifier) @member)
(method_index_expression method: (identifier) @member)
(function_call name: [
  (identifier) @call
  (dot_index_expression field: (identifier) @call.member)
  (method_index_expression method: (identifier) @call.member)
])
(assignment_statement (variable_list name: (identifier) @write))
(assignment_statement (variable_list name: (dot_index_expression field: (identifier) @write.member)))
(field name: (identifier) @keyword)

(variable_declaration (assignment_statement
  (variable_list . name: (identifier) @import.namespace .)
  (expression_list . value: (function_call
    name: (identifier) @import.call
    arguments: (arguments . (string content: (_) @import.module) .)) .))) @import
