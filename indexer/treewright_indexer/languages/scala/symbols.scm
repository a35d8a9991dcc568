(identifier) @read
(type_identifier) @read @type.name

(package_clause name: (package_identifier) @name) @def.package
(class_definition) @def.class
(object_definition) @def.class
(trait_definition) @def.trait
(enum_definition) @def.enum
(simple_enum_case) @def.enum_member
(full_enum_case) @def.enum_member
(function_definition) @def.function
(function_declaration) @def.function
(type_definition) @def.type
(val_definition pattern: (identifier) @name) @def.variable
(var_definition pattern: (identifier) @name) @def.variable
(val_declaration name: (identifier) @name) @def.variable
(class_parameter) @def.field
(extends_clause [(type_identifier) (generic_type) (stable_type_identifier)] @base)
(annotation) @decorator

(lambda_expression) @scope.function
[(block) (for_expression) (case_clause)] @scope.block

(parameter name: (identifier) @parameter)
(class_parameter name: (identifier) @parameter)
(lambda_expression parameters: (identifier) @parameter)
(binding name: (identifier) @parameter)
(type_parameters name: (identifier) @bind.type)
(val_definition pattern: (identifier) @bind)
(var_definition pattern: (identifier) @bind)
(enumerator . (identifier) @bind)
(case_clause pattern: (identifier) @bind)
(case_class_pattern pattern: (identifier) @bind)
(typed_pattern pattern: (identifier) @bind)

(field_expression field: (identifier) @member)
(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (identifier) @call.member))
(call_expression function: (generic_function function: (identifier) @call))
(instance_expression (type_identifier) @call)
(extends_clause [(type_identifier) @inherit (generic_type type: (type_identifier) @inherit)])
(annotation name: (type_identifier) @decorate)
(assignment_expression left: (identifier) @write)
(assignment_expression left: (field_expression field: (identifier) @write.member))

(import_declaration) @import
(import_declaration (identifier) @import.path)
(namespace_selectors (identifier) @import.name)
(arrow_renamed_identifier name: (identifier) @import.name alias: (identifier) @import.alias)
(as_renamed_identifier name: (identifier) @import.name alias: (identifier) @import.alias)
(namespace_wildcard) @import.star
