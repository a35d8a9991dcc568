(type_identifier) @read @type.name

; ---------------------------------------------------------------- definitions

(abstract_class_declaration) @def.class
(interface_declaration) @def.interface
(type_alias_declaration) @def.type
(enum_declaration) @def.enum
(enum_body name: (property_identifier) @name @def.enum_member)
(enum_assignment) @def.enum_member
(function_signature) @def.function
(method_signature) @def.method
(abstract_method_signature) @def.method
(property_signature) @def.field
(public_field_definition) @def.field
(public_field_definition
  name: (property_identifier)
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @def.method
(internal_module) @def.namespace
(module name: (_) body: (_)) @def.namespace
(class_heritage (extends_clause value: (_) @base))
(class_heritage (implements_clause (_) @base))
(extends_type_clause type: (_) @base)
(required_parameter (accessibility_modifier) pattern: (identifier) @name) @def.field
(required_parameter "readonly" pattern: (identifier) @name) @def.field

; ---------------------------------------------------------------- bindings

(type_parameter name: (type_identifier) @bind.type)
(required_parameter pattern: (identifier) @parameter)
(optional_parameter pattern: (identifier) @parameter)
(required_parameter pattern: (rest_pattern (identifier) @parameter))
(required_parameter pattern: (object_pattern [
  (shorthand_property_identifier_pattern) @parameter
  (pair_pattern value: (identifier) @parameter)
  (object_assignment_pattern left: (shorthand_property_identifier_pattern) @parameter)
]))
(required_parameter pattern: (array_pattern (identifier) @parameter))

; ---------------------------------------------------------------- roles

(type_annotation) @type
(type_arguments) @type
(extends_clause value: [
  (identifier) @inherit
  (member_expression property: (_) @inherit.member)
  (call_expression function: (identifier) @call)
])
(implements_clause [
  (type_identifier) @inherit
  (generic_type name: (type_identifier) @inherit)
  (nested_type_identifier name: (type_identifier) @inherit.member)
  (generic_type name: (nested_type_identifier name: (type_identifier) @inherit.member))
])
(extends_type_clause type: [
  (type_identifier) @inherit
  (generic_type name: (type_identifier) @inherit)
  (nested_type_identifier name: (type_identifier) @inherit.member)
])
