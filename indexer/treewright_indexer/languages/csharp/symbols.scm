(identifier) @read

(class_declaration) @def.class
(record_declaration) @def.class
(struct_declaration) @def.struct
(interface_declaration) @def.interface
(enum_declaration) @def.enum
(enum_member_declaration) @def.enum_member
(method_declaration) @def.method
(constructor_declaration) @def.constructor
(local_function_statement) @def.function
(property_declaration) @def.property
(delegate_declaration) @def.type
(namespace_declaration) @def.namespace
(file_scoped_namespace_declaration name: (_) @name) @def.package
(field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @def.field
(event_field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @def.field
(base_list (_) @base)
(attribute_list (attribute) @decorator)

[(lambda_expression) (anonymous_method_expression)] @scope.function
[(block) (for_statement) (foreach_statement) (catch_clause) (using_statement)] @scope.block

(parameter name: (identifier) @parameter)
(lambda_expression parameters: (identifier) @parameter)
(type_parameter name: (identifier) @bind.type)
(local_declaration_statement (variable_declaration (variable_declarator name: (identifier) @bind)))
(for_statement (variable_declaration (variable_declarator name: (identifier) @bind)))
(using_statement (variable_declaration (variable_declarator name: (identifier) @bind)))
(foreach_statement left: (identifier) @bind)
(catch_declaration name: (identifier) @bind)
(declaration_pattern name: (identifier) @bind)
(declaration_expression name: (identifier) @bind)

(_ type: (identifier) @type.name)
(_ type: (generic_name . (identifier) @type.name))
(_ type: (nullable_type (identifier) @type.name))
(_ type: (array_type type: (identifier) @type.name))
(_ returns: (identifier) @type.name)
(_ returns: (generic_name . (identifier) @type.name))
(type_argument_list (identifier) @type.name)
(member_access_expression name: (identifier) @member)
(member_access_expression name: (generic_name . (identifier) @member))
(qualified_name name: (identifier) @member)
(invocation_expression function: [
  (identifier) @call
  (generic_name . (identifier) @call)
  (member_access_expression name: (identifier) @call.member)
  (member_access_expression name: (generic_name . (identifier) @call.member))
])
(object_creation_expression type: [(identifier) @call (generic_name . (identifier) @call)])
(base_list [
  (identifier) @inherit
  (generic_name . (identifier) @inherit)
  (qualified_name name: (identifier) @inherit.member)
])
(attribute name: (identifier) @decorate)
(argument name: (identifier) @keyword)
(assignment_expression left: (identifier) @write)
(assignment_expression left: (member_access_expression name: (identifier) @write.member))

(using_directive) @import
(using_directive name: (identifier) @import.alias)
(using_directive !name [(identifier) (qualified_name)] @import.module)
(using_directive name: (_) [(identifier) (qualified_name)] @import.module .)
