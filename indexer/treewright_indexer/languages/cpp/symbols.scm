(namespace_identifier) @read

(class_specifier name: (_) body: (_)) @def.class
(namespace_definition name: (_)) @def.namespace
(alias_declaration) @def.type
(concept_definition) @def.type
(function_definition declarator: [
  (function_declarator declarator: [(field_identifier) (destructor_name) (operator_name)] @name)
  (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))
  (reference_declarator (function_declarator declarator: [(field_identifier) (identifier) (operator_name)] @name))
]) @def.function
(function_definition declarator: (function_declarator declarator: (qualified_identifier
  scope: [(namespace_identifier) @owner (template_type name: (type_identifier) @owner)]
  name: [(identifier) (destructor_name) (operator_name)] @name))) @def.method
(function_definition declarator: (_ (function_declarator declarator: (qualified_identifier
  scope: [(namespace_identifier) @owner (template_type name: (type_identifier) @owner)]
  name: [(identifier) (operator_name)] @name)))) @def.method
(field_declaration declarator: (function_declarator declarator: (field_identifier) @name)) @def.method
(field_declaration declarator: (_ (function_declarator declarator: (field_identifier) @name))) @def.method
(field_declaration_list (declaration declarator: (function_declarator declarator: (identifier) @name)) @def.constructor)
(declaration_list (declaration declarator: (function_declarator declarator: (identifier) @name)) @def.function)
(base_class_clause [
  (type_identifier) @base @inherit
  (template_type name: (type_identifier) @inherit) @base
  (qualified_identifier name: (type_identifier) @inherit.member) @base
])

(lambda_expression) @scope.function
(for_range_loop) @scope.block
(catch_clause) @scope.block
(optional_parameter_declaration declarator: (identifier) @parameter)
(parameter_declaration declarator: (reference_declarator (identifier) @parameter))
(for_range_loop declarator: (identifier) @bind)
(for_range_loop declarator: (reference_declarator (identifier) @bind))
(init_declarator declarator: (reference_declarator (identifier) @bind))
(type_parameter_declaration (type_identifier) @bind.type)

(qualified_identifier name: (identifier) @member)
(call_expression function: (qualified_identifier name: (identifier) @call.member))
(new_expression type: (type_identifier) @call)
