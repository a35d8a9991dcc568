(field_definition property: (_) @name) @def.field
(field_definition
  property: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @def.method
(class_heritage [
  (identifier) @inherit
  (member_expression property: (_) @inherit.member)
  (call_expression function: (identifier) @call)
])
(class_declaration (class_heritage (_) @base))
(class (class_heritage (_) @base))
(formal_parameters [
  (identifier) @parameter
  (assignment_pattern left: (identifier) @parameter)
  (rest_pattern (identifier) @parameter)
  (object_pattern [
    (shorthand_property_identifier_pattern) @parameter
    (pair_pattern value: (identifier) @parameter)
    (object_assignment_pattern left: (shorthand_property_identifier_pattern) @parameter)
  ])
  (array_pattern (identifier) @parameter)
])
