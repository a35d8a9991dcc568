[(identifier) (field_identifier) (shorthand_field_identifier)] @read
(type_identifier) @read @type.name

(function_item) @def.function
(function_signature_item) @def.function
(struct_item) @def.struct
(union_item) @def.struct
(enum_item) @def.enum
(enum_variant) @def.enum_member
(trait_item) @def.trait
(type_item) @def.type
(associated_type) @def.type
(mod_item) @def.module
(const_item) @def.constant
(static_item) @def.variable
(macro_definition) @def.macro
(field_declaration) @def.field
(impl_item type: [
  (type_identifier) @owner
  (generic_type type: (type_identifier) @owner)
  (scoped_type_identifier name: (type_identifier) @owner)
]) @members
(impl_item trait: [
  (type_identifier) @inherit
  (generic_type type: (type_identifier) @inherit)
  (scoped_type_identifier name: (type_identifier) @inherit.member)
] @members.base)
(trait_item bounds: (trait_bounds (type_identifier) @base @inherit))
(attribute_item) @decorator

(closure_expression) @scope.function
[
  (block)
  (for_expression)
  (match_arm)
  (if_expression)
  (while_expression)
] @scope.block

(parameter pattern: (identifier) @parameter)
(parameter pattern: (mut_pattern (identifier) @parameter))
(parameter pattern: (tuple_pattern (identifier) @parameter))
(closure_parameters (identifier) @parameter)
(closure_parameters (tuple_pattern (identifier) @parameter))
(type_parameter name: (type_identifier) @bind.type)
(let_declaration pattern: (identifier) @bind)
(let_condition pattern: (identifier) @bind)
(mut_pattern (identifier) @bind)
(ref_pattern (identifier) @bind)
(tuple_pattern (identifier) @bind)
(tuple_struct_pattern type: (_) (identifier) @bind)
(field_pattern name: (shorthand_field_identifier) @bind)
(field_pattern pattern: (identifier) @bind)
(captured_pattern . (identifier) @bind)
(for_expression pattern: (identifier) @bind)
(match_pattern . (identifier) @bind .)

(field_expression field: (field_identifier) @member)
(scoped_identifier name: (identifier) @member)
(scoped_type_identifier name: (type_identifier) @type.name.member)
(call_expression function: [
  (identifier) @call
  (field_expression field: (field_identifier) @call.member)
  (scoped_identifier name: (identifier) @call.member)
  (generic_function function: (identifier) @call)
  (generic_function function: (field_expression field: (field_identifier) @call.member))
  (generic_function function: (scoped_identifier name: (identifier) @call.member))
])
(macro_invocation macro: (identifier) @call)
(struct_expression name: (type_identifier) @call)
(field_initializer field: (field_identifier) @keyword)
(assignment_expression left: (identifier) @write)
(assignment_expression left: (field_expression field: (_) @write.member))
(compound_assignment_expr left: (identifier) @write)
(compound_assignment_expr left: (field_expression field: (_) @write.member))
(attribute (identifier) @decorate)
(attribute (scoped_identifier name: (identifier) @decorate.member))

(use_declaration) @import
(use_declaration (visibility_modifier) @import.reexport)
(use_declaration argument: [(identifier) (scoped_identifier) (crate)] @import.module)
(use_as_clause path: (_) @import.module alias: (identifier) @import.alias)
(scoped_use_list path: (_) @import.prefix) @import.group
(use_list [(identifier) (scoped_identifier) (self)] @import.module)
(use_wildcard (_) @import.module) @import.star
