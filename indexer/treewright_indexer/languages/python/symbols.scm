; Every identifier; the captures further down say how it is used.
(identifier) @read
; … and the star of `from m import *`, so that the index knows who takes everything.
(wildcard_import) @read

; ---------------------------------------------------------------- definitions

(class_definition) @def.class
(function_definition) @def.function
(type_alias_statement left: (type [(identifier) @name (generic_type (identifier) @name)])) @def.type

(decorator) @decorator
(class_definition superclasses: (argument_list (_) @base))
(class_definition body: (block . (expression_statement . (string) @doc .)))
(function_definition body: (block . (expression_statement . (string) @doc .)))

; ---------------------------------------------------------------- scopes

(lambda) @scope.function
[
  (list_comprehension)
  (set_comprehension)
  (dictionary_comprehension)
  (generator_expression)
] @scope.block
; The first iterable is evaluated outside.
(list_comprehension body: (_) . (for_in_clause right: (_) @scope.outer))
(set_comprehension body: (_) . (for_in_clause right: (_) @scope.outer))
(dictionary_comprehension body: (_) . (for_in_clause right: (_) @scope.outer))
(generator_expression body: (_) . (for_in_clause right: (_) @scope.outer))
(_ type_parameters: (type_parameter) @scope.header)

; ---------------------------------------------------------------- bindings

(parameters [
  (identifier) @parameter
  (default_parameter name: (identifier) @parameter)
  (typed_default_parameter name: (identifier) @parameter)
  (typed_parameter . [(identifier) @parameter (_ (identifier) @parameter)])
  (_ . (identifier) @parameter .)
])
(lambda_parameters [
  (identifier) @parameter
  (default_parameter name: (identifier) @parameter)
  (_ . (identifier) @parameter .)
])
(type_alias_statement left: (type (generic_type (type_parameter (type [
  (identifier) @bind.type
  (splat_type (identifier) @bind.type)
  (constrained_type . (type (identifier) @bind.type))
  (call function: (list_splat (identifier) @bind.type))
])))))
(_ type_parameters: (type_parameter (type [
  (identifier) @bind.type
  (splat_type (identifier) @bind.type)
  (constrained_type . (type (identifier) @bind.type))
  (call function: (list_splat (identifier) @bind.type))
])))
; With a default, which the grammar does not know yet: `type A[**P = [int]] = …`.
(type_parameter (ERROR (type (splat_type (identifier) @bind.type))))

(assignment left: [
  (identifier) @assign
  (pattern_list (identifier) @assign)
  (tuple_pattern (identifier) @assign)
  (list_pattern (identifier) @assign)
  (attribute object: (identifier) attribute: (identifier) @field)
  (pattern_list (attribute object: (identifier) attribute: (identifier) @field))
  (tuple_pattern (attribute object: (identifier) attribute: (identifier) @field))
])
(for_statement left: (attribute object: (identifier) attribute: (identifier) @field))
(as_pattern_target (attribute object: (identifier) attribute: (identifier) @field))
(augmented_assignment left: (identifier) @bind)
(named_expression name: (identifier) @bind.hoisted)
(for_statement left: (identifier) @bind)
(for_in_clause left: (identifier) @bind)
(pattern_list (identifier) @bind)
(tuple_pattern (identifier) @bind)
(list_pattern (identifier) @bind)
(list_splat_pattern (identifier) @bind)
(as_pattern_target [
  (identifier) @bind
  (tuple (identifier) @bind)
  (list (identifier) @bind)
])
(case_pattern (dotted_name . (identifier) @bind .))
(union_pattern (dotted_name . (identifier) @bind .))
(keyword_pattern (dotted_name . (identifier) @bind .))
(splat_pattern (identifier) @bind)
(as_pattern (case_pattern) (identifier) @bind)
(global_statement (identifier) @bind.global)
(nonlocal_statement (identifier) @bind.nonlocal)

; ---------------------------------------------------------------- roles

(attribute attribute: (identifier) @member)
(case_pattern (dotted_name (identifier) (identifier) @member))
(union_pattern (dotted_name (identifier) (identifier) @member))
(keyword_pattern (dotted_name (identifier) (identifier) @member))
(class_pattern (dotted_name (identifier) (identifier) @member))
(call function: [
  (identifier) @call
  (attribute attribute: (identifier) @call.member)
])
(keyword_argument name: (identifier) @keyword)
(keyword_pattern . (identifier) @keyword)
(class_definition superclasses: (argument_list [
  (identifier) @inherit
  (attribute attribute: (identifier) @inherit.member)
  (subscript value: [(identifier) @inherit (attribute attribute: (identifier) @inherit.member)])
]))
(decorator [
  (identifier) @decorate
  (attribute attribute: (identifier) @decorate.member)
  (call function: [(identifier) @decorate (attribute attribute: (identifier) @decorate.member)])
])
(type) @type
(type (string (string_content) @type.text))
(assignment left: (attribute attribute: (identifier) @write.member))
(augmented_assignment left: (attribute attribute: (identifier) @write.member))
(for_statement left: (attribute attribute: (identifier) @write.member))
(pattern_list (attribute attribute: (identifier) @write.member))
(tuple_pattern (attribute attribute: (identifier) @write.member))
(as_pattern_target (attribute attribute: (identifier) @write.member))
(delete_statement [
  (identifier) @delete
  (attribute attribute: (identifier) @delete.member)
  (expression_list [(identifier) @delete (attribute attribute: (identifier) @delete.member)])
])

; ---------------------------------------------------------------- imports

(import_statement) @import
(import_statement name: [
  (dotted_name) @import.module
  (aliased_import name: (dotted_name) @import.module alias: (identifier) @import.alias)
])
(import_from_statement) @import
(import_from_statement module_name: (_) @import.module)
(import_from_statement name: [
  (dotted_name) @import.name
  (aliased_import name: (dotted_name) @import.name alias: (identifier) @import.alias)
])
(wildcard_import) @import.star
(future_import_statement "__future__" @import.module) @import
(future_import_statement name: [
  (dotted_name) @import.name
  (aliased_import name: (dotted_name) @import.name alias: (identifier) @import.alias)
])
