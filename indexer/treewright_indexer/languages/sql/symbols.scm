(identifier) @read

(create_table (object_reference name: (identifier) @name)) @def.struct
(create_view (object_reference name: (identifier) @name)) @def.struct
(create_materialized_view (object_reference name: (identifier) @name)) @def.struct
(create_function (object_reference name: (identifier) @name)) @def.function
(create_index column: (identifier) @name) @def.constant
(create_type (object_reference name: (identifier) @name)) @def.type
(create_schema (identifier) @name) @def.namespace
(column_definition) @def.field

(invocation (object_reference name: (identifier) @call))
(field name: (identifier) @member)
(relation (object_reference name: (identifier) @type.name))
