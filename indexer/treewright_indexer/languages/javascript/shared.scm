; What JavaScript and TypeScript have in common.

[
  (identifier)
  (property_identifier)
  (private_property_identifier)
  (shorthand_property_identifier)
  (shorthand_property_identifier_pattern)
] @read

; ---------------------------------------------------------------- definitions

(class_declaration) @def.class
(function_declaration) @def.function
(generator_function_declaration) @def.function
(method_definition) @def.method
(variable_declarator name: (identifier)) @def.variable
(variable_declarator
  name: (identifier)
  value: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)
  ]) @def.function
(variable_declarator name: (identifier) value: (class body: (_) @body)) @def.class
(pair
  key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @def.method
(assignment_expression
  left: (member_expression object: (this) property: (property_identifier) @field))
(assignment_expression
  left: (member_expression
    object: (member_expression object: (identifier) @owner property: (property_identifier) @_p)
    property: (property_identifier) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @def.method
(call_expression
  function: [(identifier) (member_expression)]
  arguments: (arguments
    . (string (string_fragment) @name)
    [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @def.test

(decorator) @decorator
(export_statement declaration: (_)) @exported
(export_statement value: (_)) @exported

; ---------------------------------------------------------------- scopes

[
  (arrow_function)
  (function_expression)
  (generator_function)
] @scope.function
[
  (statement_block)
  (for_statement)
  (for_in_statement)
  (catch_clause)
  (switch_body)
] @scope.block

; ---------------------------------------------------------------- bindings

(lexical_declaration (variable_declarator name: (identifier) @bind))
(variable_declaration (variable_declarator name: (identifier) @bind.hoisted))
(array_pattern (identifier) @bind)
(shorthand_property_identifier_pattern) @bind
(pair_pattern value: (identifier) @bind)
(rest_pattern (identifier) @bind)
(assignment_pattern left: (identifier) @bind)
(for_in_statement kind: _ left: (identifier) @bind)
(catch_clause parameter: (identifier) @bind)
(arrow_function parameter: (identifier) @parameter)
(function_expression name: (identifier) @bind)

; ---------------------------------------------------------------- roles

(member_expression property: (property_identifier) @member)
(member_expression property: (private_property_identifier) @member)
(call_expression function: (identifier) @call)
(call_expression function: (member_expression property: (_) @call.member))
(new_expression constructor: (identifier) @call)
(new_expression constructor: (member_expression property: (_) @call.member))
(assignment_expression left: (identifier) @write)
(assignment_expression left: (member_expression property: (_) @write.member))
(augmented_assignment_expression left: (identifier) @write)
(augmented_assignment_expression left: (member_expression property: (_) @write.member))
(update_expression argument: (identifier) @write)
(update_expression argument: (member_expression property: (_) @write.member))
(pair key: (property_identifier) @write.member)
(pair_pattern key: (property_identifier) @member)
(decorator [
  (identifier) @decorate
  (call_expression function: (identifier) @decorate)
  (call_expression function: (member_expression property: (_) @decorate.member))
])
(unary_expression operator: "delete" argument: (member_expression property: (_) @delete.member))

; ---------------------------------------------------------------- imports

(import_statement source: (string (string_fragment) @import.module)) @import
(import_clause (identifier) @import.default)
(namespace_import (identifier) @import.namespace)
(import_specifier name: (identifier) @import.name)
(import_specifier alias: (identifier) @import.alias)
(export_statement source: (string (string_fragment) @import.module)) @import @import.reexport
(export_statement "*" @import.star source: (_))
(export_statement
  (export_clause (export_specifier name: (identifier) @import.name alias: (identifier)? @import.alias))
  source: (_))
(variable_declarator
  name: (identifier) @import.namespace
  value: (call_expression
    function: (identifier) @import.call
    arguments: (arguments . (string (string_fragment) @import.module) .))) @import
(variable_declarator
  name: (object_pattern [
    (shorthand_property_identifier_pattern) @import.name
    (pair_pattern key: (property_identifier) @import.name value: (identifier) @import.alias)
  ])
  value: (call_expression
    function: (identifier) @import.call
    arguments: (arguments . (string (string_fragment) @import.module) .))) @import
