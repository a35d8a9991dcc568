(identifier) @read

(package_header (qualified_identifier) @name) @def.package
(class_declaration) @def.class
(class_declaration "interface") @def.interface
(class_declaration (modifiers (class_modifier "enum"))) @def.enum
(object_declaration) @def.class
(companion_object (identifier) @name) @def.class
(enum_entry . (identifier) @name) @def.enum_member
(function_declaration) @def.function
(function_declaration (user_type . (identifier) @owner) . name: (_)) @def.function
(type_alias type: (identifier) @name) @def.type
(property_declaration (variable_declaration . (identifier) @name)) @def.variable
(class_parameter "val" (identifier) @name) @def.field
(class_parameter "var" (identifier) @name) @def.field
(delegation_specifier [(user_type) (constructor_invocation)] @base)
(function_declaration (function_body) @body)
(class_declaration (class_body) @body)
(class_declaration (enum_class_body) @body)
(object_declaration (class_body) @body)
(modifiers (annotation) @decorator)

(lambda_literal) @scope.function
(secondary_constructor) @scope.function
[(block) (for_statement) (catch_block)] @scope.block

(parameter . (identifier) @parameter)
(class_parameter (identifier) @parameter)
(lambda_parameters (variable_declaration . (identifier) @parameter))
(type_parameter (identifier) @bind.type)
(property_declaration (variable_declaration . (identifier) @bind))
(multi_variable_declaration (variable_declaration . (identifier) @bind))
(for_statement (variable_declaration . (identifier) @bind))
(catch_block . (identifier) @bind)

(user_type (identifier) @type.name)
(navigation_expression (_) (identifier) @member .)
(call_expression . (identifier) @call)
(call_expression . (navigation_expression (_) (identifier) @call.member .))
(delegation_specifier (user_type . (identifier) @inherit))
(delegation_specifier (constructor_invocation (user_type . (identifier) @inherit)))
(annotation (user_type . (identifier) @decorate))
(annotation (constructor_invocation (user_type . (identifier) @decorate)))
(assignment left: (identifier) @write)
(assignment left: (navigation_expression (_) (identifier) @write.member .))
(value_argument . (identifier) @keyword "=")

(import (qualified_identifier) @import.module) @import
(import (qualified_identifier) (identifier) @import.alias)
(import "*" @import.star)
