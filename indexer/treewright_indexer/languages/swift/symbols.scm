[(simple_identifier) (type_identifier)] @read
(type_identifier) @type.name

(class_declaration declaration_kind: "class") @def.class
(class_declaration declaration_kind: "actor") @def.class
(class_declaration declaration_kind: "struct") @def.struct
(class_declaration declaration_kind: "enum") @def.enum
(class_declaration declaration_kind: "extension" name: (user_type (type_identifier) @owner)) @members
(protocol_declaration) @def.interface
(function_declaration) @def.function
(protocol_function_declaration) @def.method
(init_declaration "init" @name) @def.constructor
(enum_entry (simple_identifier) @name @def.enum_member)
(typealias_declaration name: (type_identifier) @name) @def.type
(property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @def.variable
(protocol_property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @def.field
(inheritance_specifier inherits_from: (_) @base)
(modifiers (attribute) @decorator)

(lambda_literal) @scope.function
[(for_statement) (if_statement) (guard_statement) (catch_block)] @scope.block

(parameter name: (simple_identifier) @parameter)
(lambda_parameter name: (simple_identifier) @parameter)
(type_parameter . (type_identifier) @bind.type)
(property_declaration name: (pattern bound_identifier: (simple_identifier) @bind))
(for_statement item: (pattern bound_identifier: (simple_identifier) @bind))

(navigation_suffix suffix: (simple_identifier) @member)
(call_expression . (simple_identifier) @call)
(call_expression . (navigation_expression suffix: (navigation_suffix suffix: (simple_identifier) @call.member)))
(inheritance_specifier inherits_from: (user_type . (type_identifier) @inherit))
(attribute (user_type (type_identifier) @decorate))
(value_argument_label (simple_identifier) @keyword)
(assignment target: (directly_assignable_expression (simple_identifier) @write))
(assignment target: (directly_assignable_expression (navigation_expression suffix: (navigation_suffix suffix: (simple_identifier) @write.member))))

(import_declaration (identifier) @import.module) @import
