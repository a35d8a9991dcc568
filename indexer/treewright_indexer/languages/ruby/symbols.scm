[(identifier) (constant)] @read
[(instance_variable) (class_variable) (global_variable)] @read

(class name: (constant) @name) @def.class
(class name: (scope_resolution name: (constant) @name)) @def.class
(module name: (constant)) @def.namespace
(method) @def.function
(singleton_method) @def.function
(alias name: (identifier) @name) @def.function
(assignment left: (constant) @assign)
(call method: (identifier) arguments: (argument_list . (string (string_content) @name)) block: (_) @body) @def.test
(assignment left: (instance_variable) @field)
(superclass (_) @base)
(superclass [(constant) @inherit (scope_resolution name: (constant) @inherit.member)])

[(block) (do_block) (lambda)] @scope.block

(method_parameters [
  (identifier) @parameter
  (optional_parameter name: (identifier) @parameter)
  (splat_parameter name: (identifier) @parameter)
  (keyword_parameter name: (identifier) @parameter)
  (hash_splat_parameter name: (identifier) @parameter)
  (block_parameter name: (identifier) @parameter)
])
(block_parameters (identifier) @parameter)
(lambda_parameters (identifier) @parameter)
(assignment left: (identifier) @bind)
(assignment left: [(instance_variable) (class_variable) (global_variable)] @write)
(operator_assignment left: [(identifier) (instance_variable)] @write)
(left_assignment_list (identifier) @bind)
(for pattern: (identifier) @bind)
(exception_variable (identifier) @bind)

(call !receiver method: (identifier) @call)
(call receiver: (_) method: [(identifier) (constant)] @call.member)
(scope_resolution name: (constant) @member)

(call method: (identifier) @import.call arguments: (argument_list . (string (string_content) @import.module) .)) @import
