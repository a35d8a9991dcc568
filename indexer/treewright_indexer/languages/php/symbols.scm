(name) @read

(class_declaration) @def.class
(interface_declaration) @def.interface
(trait_declaration) @def.trait
(enum_declaration) @def.enum
(enum_case) @def.enum_member
(method_declaration) @def.method
(function_definition) @def.function
(const_declaration (const_element . (name) @name)) @def.constant
(property_declaration (property_element name: (variable_name (name) @name))) @def.field
(property_promotion_parameter name: (variable_name (name) @name @def.field))
(namespace_definition name: (namespace_name) @name) @def.package
(base_clause (_) @base)
(class_interface_clause (_) @base)
(attribute_group (attribute) @decorator)

[(anonymous_function) (arrow_function)] @scope.function

(simple_parameter name: (variable_name (name) @parameter))
(variadic_parameter name: (variable_name (name) @parameter))
(property_promotion_parameter name: (variable_name (name) @parameter))
(assignment_expression left: (variable_name (name) @bind))
(foreach_statement (pair (variable_name (name) @bind)))
(foreach_statement (_) . (variable_name (name) @bind))
(list_literal (variable_name (name) @bind))
(catch_clause name: (variable_name (name) @bind))
(anonymous_function_use_clause (variable_name (name) @bind))

(named_type (name) @type.name)
(named_type (qualified_name (name) @type.name .))
(member_access_expression name: (name) @member)
(scoped_property_access_expression name: (variable_name (name) @member))
(class_constant_access_expression (_) (name) @member .)
(function_call_expression function: (name) @call)
(function_call_expression function: (qualified_name (name) @call .))
(member_call_expression name: (name) @call.member)
(nullsafe_member_call_expression name: (name) @call.member)
(scoped_call_expression name: (name) @call.member)
(object_creation_expression . (name) @call)
(object_creation_expression . (qualified_name (name) @call .))
(base_clause [(name) @inherit (qualified_name (name) @inherit .)])
(class_interface_clause [(name) @inherit (qualified_name (name) @inherit .)])
(use_declaration [(name) @inherit (qualified_name (name) @inherit .)])
(attribute (name) @decorate)
(argument name: (name) @keyword)
(assignment_expression left: (member_access_expression name: (name) @write.member))

(namespace_use_declaration) @import
(namespace_use_declaration (namespace_use_clause . [(qualified_name) (name)] @import.module))
(namespace_use_declaration (namespace_name) @import.prefix body: (_)) @import.group
(namespace_use_group (namespace_use_clause . (name) @import.module))
(namespace_use_clause alias: (name) @import.alias)
