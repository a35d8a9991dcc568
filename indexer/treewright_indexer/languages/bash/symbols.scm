(variable_name) @read
(function_definition name: (word) @read)
(command_name (word) @read @call)

(function_definition) @def.function
(program (variable_assignment name: (variable_name) @assign))
(program (declaration_command (variable_assignment name: (variable_name) @assign)))

(variable_assignment name: (variable_name) @write)
(function_definition body: (compound_statement (declaration_command (variable_assignment name: (variable_name) @bind))))
(for_statement variable: (variable_name) @bind)

(command name: (command_name (word) @import.call) . argument: (word) @import.module) @import
