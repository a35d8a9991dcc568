[(identifier) (field_identifier)] @read
(type_identifier) @read @type.name

(function_definition declarator: [
  (function_declarator declarator: (identifier) @name)
  (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))
  (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name)))
]) @def.function
(translation_unit (declaration declarator: (function_declarator declarator: (identifier) @name)) @def.function)
(translation_unit (declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @def.function)
(translation_unit (preproc_ifdef (declaration declarator: (function_declarator declarator: (identifier) @name)) @def.function))
(translation_unit (preproc_ifdef (declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @def.function))
(struct_specifier name: (_) body: (_)) @def.struct
(union_specifier name: (_) body: (_)) @def.struct
(enum_specifier name: (_) body: (_)) @def.enum
(enumerator) @def.enum_member
(type_definition declarator: (type_identifier) @name.last) @def.type
(type_definition declarator: (pointer_declarator declarator: (type_identifier) @name.last)) @def.type
(type_definition declarator: (function_declarator declarator: (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @name.last)))) @def.type
(preproc_def) @def.constant
(preproc_function_def) @def.macro
(field_declaration declarator: (field_identifier) @name) @def.field
(field_declaration declarator: (pointer_declarator declarator: (field_identifier) @name)) @def.field
(field_declaration declarator: (array_declarator declarator: (field_identifier) @name)) @def.field
(translation_unit (declaration declarator: (identifier) @name) @def.variable)
(translation_unit (declaration declarator: (identifier) @name @def.variable))
(translation_unit (declaration declarator: (array_declarator declarator: (identifier) @name)) @def.variable)
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @name)) @def.variable)
(translation_unit (declaration declarator: (init_declarator declarator: (pointer_declarator declarator: (identifier) @name))) @def.variable)
(translation_unit (declaration declarator: (init_declarator declarator: (array_declarator declarator: (identifier) @name))) @def.variable)

[(compound_statement) (for_statement)] @scope.block

(parameter_declaration declarator: (identifier) @parameter)
(parameter_declaration declarator: (pointer_declarator declarator: (identifier) @parameter))
(parameter_declaration declarator: (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @parameter)))
(parameter_declaration declarator: (array_declarator declarator: (identifier) @parameter))
(preproc_params (identifier) @parameter)
(declaration declarator: (identifier) @bind)
(declaration declarator: (pointer_declarator declarator: (identifier) @bind))
(declaration declarator: (array_declarator declarator: (identifier) @bind))
(init_declarator declarator: (identifier) @bind)
(init_declarator declarator: (pointer_declarator declarator: (identifier) @bind))
(init_declarator declarator: (array_declarator declarator: (identifier) @bind))

(field_expression field: (field_identifier) @member)
(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call.member))
(assignment_expression left: (identifier) @write)
(assignment_expression left: (field_expression field: (field_identifier) @write.member))
(update_expression argument: (identifier) @write)
(update_expression argument: (field_expression field: (field_identifier) @write.member))
(field_designator (field_identifier) @keyword)

(preproc_include path: (_) @import.module) @import
