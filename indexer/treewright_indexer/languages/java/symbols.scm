(identifier) @read
(type_identifier) @read @type.name

(class_declaration) @def.class
(interface_declaration) @def.interface
(annotation_type_declaration) @def.interface
(enum_declaration) @def.enum
(record_declaration) @def.class
(enum_constant) @def.enum_member
(method_declaration) @def.method
(constructor_declaration) @def.constructor
(annotation_type_element_declaration) @def.method
(field_declaration declarator: (variable_declarator name: (identifier) @name)) @def.field
(package_declaration [(scoped_identifier) (identifier)] @name) @def.package
(superclass (_) @base)
(super_interfaces (type_list (_) @base))
(extends_interfaces (type_list (_) @base))
(modifiers (marker_annotation) @decorator)
(modifiers (annotation) @decorator)

(lambda_expression) @scope.function
[
  (block)
  (for_statement)
  (enhanced_for_statement)
  (catch_clause)
  (try_with_resources_statement)
  (switch_block)
] @scope.block

(formal_parameter name: (identifier) @parameter)
(spread_parameter (variable_declarator name: (identifier) @parameter))
(catch_formal_parameter name: (identifier) @bind)
(lambda_expression parameters: (identifier) @parameter)
(inferred_parameters (identifier) @parameter)
(type_parameter . (type_identifier) @bind.type)
(local_variable_declaration declarator: (variable_declarator name: (identifier) @bind))
(enhanced_for_statement name: (identifier) @bind)
(resource name: (identifier) @bind)
(type_pattern (identifier) @bind)

(field_access field: (identifier) @member)
(method_invocation !object name: (identifier) @call)
(method_invocation object: (_) name: (identifier) @call.member)
(method_reference (identifier) @member .)
(object_creation_expression type: [
  (type_identifier) @call
  (generic_type (type_identifier) @call)
  (scoped_type_identifier (type_identifier) @call.member .)
])
(superclass [(type_identifier) @inherit (generic_type . (type_identifier) @inherit)])
(super_interfaces (type_list [(type_identifier) @inherit (generic_type . (type_identifier) @inherit)]))
(extends_interfaces (type_list [(type_identifier) @inherit (generic_type . (type_identifier) @inherit)]))
(marker_annotation name: (identifier) @decorate)
(annotation name: (identifier) @decorate)
(element_value_pair key: (identifier) @keyword)
(assignment_expression left: (identifier) @write)
(assignment_expression left: (field_access field: (identifier) @write.member))
(update_expression (identifier) @write)

(import_declaration (scoped_identifier) @import.module) @import
(import_declaration (asterisk) @import.star)
