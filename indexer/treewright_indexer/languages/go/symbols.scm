[(identifier) (field_identifier)] @read
(qualified_type package: (package_identifier) @read)
(import_spec name: (package_identifier) @read)
(type_identifier) @read @type.name

(function_declaration) @def.function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner
    (pointer_type (type_identifier) @owner)
    (generic_type type: (type_identifier) @owner)
    (pointer_type (generic_type type: (type_identifier) @owner))
  ]))) @def.method
(type_spec) @def.type
(type_spec type: (struct_type) @body) @def.struct
(type_spec type: (interface_type) @body) @def.interface
(type_alias) @def.type
(field_declaration name: (field_identifier) @name) @def.field
(field_declaration !name type: [
  (type_identifier) @base @inherit
  (pointer_type (type_identifier) @base @inherit)
  (qualified_type name: (type_identifier) @inherit) @base
])
(interface_type (type_elem . (type_identifier) @base @inherit .))
(method_elem) @def.method
(source_file (const_declaration (const_spec name: (identifier) @name) @def.constant))
(source_file (const_declaration (const_spec (identifier) @name @def.constant)))
(source_file (var_declaration (var_spec name: (identifier) @name @def.variable)))
(source_file (var_declaration (var_spec name: (identifier) @name) @def.variable))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name) @def.variable)))

(func_literal) @scope.function
[
  (block)
  (for_statement)
  (if_statement)
  (expression_switch_statement)
  (type_switch_statement)
  (expression_case)
  (communication_case)
] @scope.block

(parameter_declaration name: (identifier) @parameter)
(variadic_parameter_declaration name: (identifier) @parameter)
(type_parameter_declaration name: (identifier) @bind.type)
(short_var_declaration left: (expression_list (identifier) @bind))
(range_clause left: (expression_list (identifier) @bind))
(const_spec (identifier) @bind)
(var_spec name: (identifier) @bind)
(type_switch_statement alias: (expression_list (identifier) @bind))
(receive_statement left: (expression_list (identifier) @bind))

(selector_expression field: (field_identifier) @member)
(qualified_type name: (type_identifier) @type.name.member)
(call_expression function: [
  (identifier) @call
  (selector_expression field: (field_identifier) @call.member)
])
(assignment_statement left: (expression_list [
  (identifier) @write
  (selector_expression field: (field_identifier) @write.member)
]))
(inc_statement [(identifier) @write (selector_expression field: (_) @write.member)])
(dec_statement [(identifier) @write (selector_expression field: (_) @write.member)])
(keyed_element . (literal_element (identifier) @keyword))

(import_spec path: (interpreted_string_literal) @import.module) @import
(import_spec name: (package_identifier) @import.alias)
(import_spec name: (dot) @import.star)
